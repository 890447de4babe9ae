/** Prompts as people type them, read with the default bundle's memory and sentence encoder. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readManifest } from '../../../src/pipeline/bundle/bundle.js';
import { Session } from '../../../src/pipeline/bundle/onnx.js';
import { Memory } from '../../../src/pipeline/memory/memory.js';
import { SentenceEncoder } from '../../../src/pipeline/memory/sentence-encoder.js';
import { PhraseVectors } from '../../../src/pipeline/words/phrase-vectors.js';
import { PromptReader } from '../../../src/pipeline/words/prompt-reader.js';
import type { Scene } from '../../../src/pipeline/words/scene.js';
import { TextTokenizer } from '../../../src/pipeline/words/tokenizer.js';

const BUNDLE = resolve(import.meta.dirname, '../../../models/emoji');

let session: Session;
let memory: Memory;
let reader: PromptReader;

beforeAll(async () => {
  const manifest = await readManifest(BUNDLE);
  const { sentenceEncoder } = manifest.memory ?? expect.fail('models/emoji has no memory');
  const { contextLength, padTokenId, width } = sentenceEncoder;
  session = await Session.open(join(BUNDLE, sentenceEncoder.file), { provider: 'cpu', threads: 1 });
  const tokenizer = await TextTokenizer.open(join(BUNDLE, sentenceEncoder.tokenizer), contextLength, padTokenId);
  const encoder = new SentenceEncoder(session, tokenizer, sentenceEncoder);
  memory = (await Memory.open({ dir: BUNDLE, manifest })) ?? expect.fail('no memory');
  reader = new PromptReader({
    things: memory.things,
    vectors: new PhraseVectors(memory.phraseVectors, width),
    encode: (texts) => encoder.encode(texts),
    styles: manifest.styles.map(({ name }) => name),
  });
}, 60_000);

afterAll(() => session.release());

/** "3×red apple | fox wears:crown [above] bg:blue style:3d ?? unknown words" */
function written({ parts, relation, background, style, words }: Scene): string {
  const names = (things: readonly number[]) => things.map((thing) => memory.things[thing]?.label).join('/');
  const shown = parts.map(({ count, colour, things, face, wears = [] }) =>
    [
      `${count > 1 ? `${count}×` : ''}${colour ? `${colour} ` : ''}${names(things)}`,
      ...(face ? [`face:${names(face)}`] : []),
      ...(wears.length > 0 ? [`wears:${wears.map((thing) => names([thing])).join()}`] : []),
    ].join(' '),
  );
  return [
    ...(shown.length > 0 ? [shown.join(' | ')] : []),
    ...(shown.length > 1 ? [`[${relation}]`] : []),
    ...(background ? [`bg:${background}`] : []),
    ...(style ? [`style:${style}`] : []),
    ...(words.unknown.length > 0 ? [`?? ${words.unknown.join(' · ')}`] : []),
  ].join(' ');
}

const PROMPTS: readonly (readonly [prompt: string, scene: string])[] = [
  ['a birthday cake', 'birthday cake'],
  ['a cup of coffee', 'hot beverage'],
  ['👑🐸', 'frog wears:crown'],
  ['🐱🎩', 'cat face wears:top hat'],
  ['🍎🍎🍎', '3×red apple'],
  ['🚀🌙', 'rocket | crescent moon [beside]'],
  ['a happy 🐶 with sunglasses', 'dog face wears:sunglasses'],
  ['three red apples', '3×red apple'],
  ['five stars', '5×star'],
  ['a green car', 'green automobile'],
  ['purple frog', 'purple frog'],
  ['a fox with sunglasses', 'fox wears:sunglasses'],
  ['cat wearing a crown', 'cat wears:crown'],
  ['a penguin in a top hat', 'penguin wears:top hat'],
  ['a robot next to a balloon', 'robot | balloon [beside]'],
  ['a crying pizza', 'pizza face:crying face'],
  ['nerd doughnut', 'doughnut face:nerd face'],
  ['a cat on a blue background', 'cat bg:blue'],
  ['a bear holding a balloon', 'bear | balloon [holding]'],
  ['a rocket above the moon', 'rocket | full moon [above]'],
  ['cloud with lightning', 'cloud with lightning'],
  ['fork and knife with plate', 'fork and knife with plate'],
  ['red heart and blue heart', 'red heart | blue heart [beside]'],
  ['black cat', 'black cat'],
  ['two black cats and a dog', '2×black cat | dog [beside]'],
  ['a grumpy cat', 'cat'],
  ['knight in shining armor', 'dragon ?? knight in shining armor'],
  ['good night', 'night with stars ?? good night'],
  ['quantum entanglement', '?? quantum entanglement'],
  ['democracy', '?? democracy'],
  ['a house, 3d style', 'house style:3d'],
  ['a fox in flat style', 'fox style:flat'],
  ['noto style castle', 'castle style:noto'],
  ['roter Apfel', 'red apple'],
  ['drei rote Äpfel', '3×red apple'],
  ['ein Hund mit Sonnenbrille', 'dog wears:sunglasses'],
  ['eine Tasse Kaffee', 'hot beverage'],
  ['ein grünes Auto', 'green automobile'],
  ['un chat noir', 'black cat'],
  ['une voiture verte', 'green automobile'],
  ['trois étoiles', '3×star'],
  ['un gato con sombrero', 'cat wears:top hat'],
  ['dos perros', '2×dog'],
  ['una taza de café', 'hot beverage'],
  ['tre mele rosse', '3×red apple'],
  ['una macchina blu', 'blue automobile'],
  ['um gato e um cachorro', 'cat | dog [beside]'],
  ['een fiets', 'bicycle'],
  ['czerwone jabłka', 'red apple'],
  ['kot w kapeluszu', 'cat wears:top hat'],
  ['красные яблоки', 'red apple'],
  ['кот в шляпе', 'cat wears:top hat'],
  ['три звезды', '3×star'],
  ['зелёная машина', 'green automobile'],
  ['собака', 'dog'],
  ['りんご', 'red apple'],
  ['三つの赤いりんご', '3×red apple'],
  ['犬と猫', 'dog | cat [beside]'],
  ['緑の車', 'green automobile'],
  ['苹果', 'red apple'],
  ['高兴的狗', 'dog'],
  ['사과', 'red apple'],
  ['सेब', 'red apple'],
  ['a dragon breathing fire', 'dragon'],
  ['an astronaut riding a horse', 'astronaut | horse [above]'],
  ['pizza on the moon', 'pizza | full moon [above]'],
  ['happy sun', 'sun face:grinning face'],
  ['angry cloud', 'cloud face:angry face'],
  ['orange', 'tangerine'],
  ['a rose', 'rose'],
  ['pink rose', 'pink rose'],
  ['wizard', 'mage'],
  ['a cute kitten playing with yarn', 'cat | yarn [holding]'],
  ['ice cream cone', 'ice cream'],
  ['the eiffel tower', 'tokyo tower'],
  ['a big yellow banana', 'yellow banana'],
  ['smiling poop', 'pile of poo'],
  ['7 cats', '6×cat'],
  ['a dog in the rain', 'dog | cloud with rain [beside]'],
  ['eine Geburtstagstorte', 'birthday cake'],
  ['ein blaues Herz', 'blue heart'],
  ['zwei Katzen', '2×cat'],
  ['ein Schloss', 'castle'],
  ['ein Regenschirm', 'umbrella'],
  ['ein weinendes Gesicht', 'crying face'],
  ['un château', 'castle'],
  ['deux chiens', '2×dog'],
  ['une pomme verte', 'green apple'],
  ['un parapluie', 'umbrella'],
  ["un robot à côté d'un ballon", 'robot | balloon [beside]'],
  ['un pastel de cumpleaños', 'birthday cake'],
  ['un corazón azul', 'blue heart'],
  ['tres estrellas', '3×star'],
  ['un castillo', 'castle/japanese castle'],
  ['un paraguas', 'umbrella'],
  ['una chitarra', 'guitar'],
  ['un cuore blu', 'blue heart'],
  ['un ombrello', 'umbrella'],
  ['um castelo', 'castle'],
  ['um coração azul', 'blue heart'],
  ['um guarda-chuva', 'umbrella'],
  ['een kasteel', 'castle'],
  ['een blauw hart', 'blue heart'],
  ['twee honden', '2×dog'],
  ['een paraplu', 'umbrella'],
  ['zamek', 'castle'],
  ['niebieskie serce', 'blue heart'],
  ['parasol', 'umbrella/umbrella on ground'],
  ['dwa psy', '2×dog'],
  ['замок', 'castle'],
  ['синее сердце', 'blue heart'],
  ['две собаки', '2×dog'],
  ['зонт', 'umbrella'],
  ['гитара', 'guitar'],
  ['城', 'japanese castle'],
  ['犬二匹', '2×dog'],
  ['傘', 'umbrella'],
  ['ギター', 'guitar'],
  ['ロケット', 'rocket'],
  ['an old wooden chair', 'chair'],
  ['a plate of spaghetti', 'spaghetti'],
  ['the sun with sunglasses', 'sun wears:sunglasses'],
  ['a bunch of flowers', 'bouquet'],
  ['vampire', 'vampire'],
  ['santa claus', 'santa claus'],
  ['a unicorn', 'unicorn'],
  ['t-rex', 't-rex'],
  ['a soccer ball', 'soccer ball'],
  ['a red balloon', 'red balloon'],
  ['a yellow duck', 'yellow duck'],
  ['two bananas', '2×banana'],
  ['six eggs', '6×egg'],
  ['a pink elephant', 'pink elephant'],
  ['a banana wearing a hat', 'banana wears:top hat'],
  ['a lemon with a happy face', 'lemon face:grinning face'],
  ['a cat and a mouse', 'cat | mouse [beside]'],
  ['a mug of beer', 'beer mug'],
  ['a slice of watermelon', 'watermelon'],
  ['a burger and fries', 'hamburger | french fries [beside]'],
  ['a spider with a top hat', 'spider wears:top hat'],
  ['a sad cloud', 'cloud face:pensive face'],
  ['a tiny mouse', 'mouse'],
  ['a giraffe', 'giraffe'],
  ['a computer', 'desktop computer'],
  ['a toilet', 'toilet'],
  ['a pair of scissors', 'scissors'],
  ['a pink rose', 'pink rose'],
  ['a cat with a hat and sunglasses', 'cat wears:top hat,sunglasses'],
  ['a four leaf clover', 'four leaf clover'],
  ['a face crying with laughter', 'face with tears of joy'],
  ['a really angry smiley', 'angry face'],
  ['a sad crying face', 'crying face'],
  ['a winking smiley', 'winking face'],
  ['a smiley with heart eyes', 'smiling face with heart-eyes'],
  ['🦊😎', 'fox wears:sunglasses'],
  ['🍕😭', 'pizza face:loudly crying face'],
  ['🍕🐶', 'pizza | dog face [beside]'],
  ['a sunflower in front of a red background', 'sunflower bg:red'],
  ['一杯のコーヒー', 'hot beverage'],
  ['торт на день рождения', 'birthday cake'],
  ['una seta', 'mushroom'],
  ['зонтик', 'umbrella'],
  ['a lightning bolt', 'high voltage'],
  ['a smiley', 'slightly smiling face'],
  ['😂', 'face with tears of joy'],
  ['two cats', '2×cat'],
  ['steaming pizza', 'pizza'],
  ['a rubber duck', 'duck'],
  ['a race car', 'racing car'],
  ['a tired dog', 'dog'],
  ['a pirate ship', 'ship'],
  ['steaming cup of coffee', 'hot beverage'],
  ['a birthday present', 'wrapped gift'],
  ['jelly fish', 'jellyfish'],
  ['flower', 'tulip/sunflower/hibiscus/blossom/cherry blossom/rose'],
  ['a mushroom in love', 'mushroom face:smiling face with heart-eyes'],
  ['man and woman holding hands', 'man and woman holding hands'],
  ['black and white cat', 'cat'],
  ['dark blue car', 'blue automobile'],
  ['a cat in sunglasses', 'cat wears:sunglasses'],
  ['a penguin wearing a cowboy hat', 'penguin wears:top hat'],
  ['a cat without a hat', 'cat'],
  ['a frog playing guitar', 'frog | guitar [holding]'],
  ['can you draw a tree please', 'evergreen tree'],
  ['a fox on blue', 'fox bg:blue'],
  ['fox blue background', 'fox bg:blue'],
  ['un zorro con fondo azul', 'fox bg:blue'],
  ['青い背景の猫', 'cat bg:blue'],
  ['在蓝色背景上的狐狸', 'fox bg:blue'],
  ['a mouse under a mushroom', 'mouse | mushroom [below]'],
  ['ein Pinguin mit Hut', 'penguin wears:top hat'],
  ['du pain', 'bread'],
  ['猫の絵を描いてください', 'cat'],
  ['可愛い犬のイラスト', 'dog'],
  ['泣いている猫', 'crying cat'],
  ['泣いているピザ', 'pizza face:crying face'],
  ['月の上の猫', 'cat | full moon [above]'],
  ['请画一只可爱的熊猫', 'panda'],
  ['戴帽子的猫', 'cat wears:top hat'],
  ['모자를 쓴 고양이', 'cat wears:top hat'],
  ['고양이 그림 그려줘', 'cat'],
  ['एक प्यारा कुत्ता', 'dog'],
  ['tre röda äpplen', '3×red apple'],
  ['ein Stück Käse', 'cheese wedge'],
  ['кусок сыра', 'cheese wedge'],
  ['un lion et un tigre', 'lion | tiger [beside]'],
  ['een krab', 'crab'],
  ["un'ambulanza", 'ambulance'],
  ['медведь в очках', 'bear wears:glasses'],
  ['um macaco de óculos escuros', 'monkey wears:sunglasses'],
  ['een kopje koffie', 'hot beverage'],
  ['жёлтая машина', 'yellow automobile'],
  ['желтая машина', 'yellow automobile'],
  ['one dog', 'dog'],
];

test.each(PROMPTS)('%s → %s', async (prompt, scene) => {
  expect(written(await reader.read(prompt))).toBe(scene);
});

/** The naming evaluation asks for the same twenty things in ten languages. */
test('ten languages find what English finds, but for one in ten', async () => {
  const path = resolve(import.meta.dirname, '../../../training/tessera_training/evaluate/naming_prompts.json');
  const { languages } = JSON.parse(await readFile(path, 'utf8')) as {
    languages: readonly Readonly<Record<string, string>>[];
  };
  const misses: string[] = [];
  let asked = 0;
  for (const prompts of languages) {
    const english = written(await reader.read(prompts.en ?? '')).split('/');
    for (const [language, prompt] of Object.entries(prompts)) {
      asked++;
      const found = written(await reader.read(prompt)).split('/');
      if (!found.some((name) => name !== '' && english.includes(name))) {
        misses.push(`${language}: ${prompt}`);
      }
    }
  }
  expect(asked).toBe(200);
  expect(misses.length, misses.join('; ')).toBeLessThanOrEqual(20);
});
