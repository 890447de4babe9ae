/** Words for feelings, and the faces that show them: one line a face (see lexicon.ts for how they are written). */

import { tableOf } from './word-table.js';

/** A feeling → the label of the face emoji that shows it. */
export const FEELINGS = tableOf<string>([
  [
    'grinning face',
    'happy smiling cheerful joyful glückliche glücklicher fröhliche lachende heureux heureuse feliz felice blij vrolijke szczęśliwy szczęśliwa счастливый счастливая весёлый веселый glad',
  ],
  [
    'crying face',
    'crying weinende weinender weinendes qui_pleure pleurant llorando triste_llorando piangente che_piange chorando huilende płaczący плачущий плачущая gråtande',
  ],
  ['pensive face', 'sad unhappy traurige trauriger triste tristes verdrietige smutny smutna грустный грустная ledsen'],
  [
    'angry face',
    'angry mad furious grumpy wütende wütender böser böse colère en_colère enojado enojada enfadado arrabbiato arrabbiata zangado bravo boze zły zła злой злая arg',
  ],
  ['face with tears of joy', 'laughing'],
  ['loudly crying face', 'sobbing weeping bawling'],
  [
    'tired face',
    'tired exhausted müde müder müdes fatigué fatiguée cansado cansada stanco stanca moe zmęczony zmęczona усталый усталая trött',
  ],
  ['woozy face', 'drunk dizzy'],
  ['confused face', 'confused'],
  ['worried face', 'worried nervous anxious'],
  ['unamused face', 'bored annoyed'],
  ['flushed face', 'embarrassed blushing'],
  ['face savoring food', 'hungry'],
  ['star-struck', 'excited starstruck'],
  ['smiling face with sunglasses', 'cool coole cooler'],
  ['nerd face', 'nerd nerdy geeky'],
  [
    'sleeping face',
    'sleeping sleepy asleep schlafende schlafender endormi dormido dormida durmiendo addormentato dormindo slapende śpiący спящий спящая sovande',
  ],
  [
    'smiling face with heart-eyes',
    'loving in_love amoureux enamorado innamorato apaixonado verliebte verliebter влюблённый',
  ],
  ['astonished face', 'surprised shocked amazed astonished überraschte surpris sorprendido sorpreso surpreso'],
  ['winking face', 'winking'],
  ['face screaming in fear', 'scared frightened terrified'],
  ['zany face', 'silly crazy goofy verrückte'],
  ['smiling face with horns', 'evil devilish'],
  ['partying face', 'partying'],
  ['nauseated face', 'sick'],
  ['grinning face', '嬉しい 幸せな 笑っている 笑う 高兴的 開心的 开心的 행복한 웃는 खुश'],
  ['crying face', '泣いている 泣く 哭泣的 哭的 우는 रोता रोती'],
  ['pensive face', '悲しい 伤心的 难过的 슬픈 उदास'],
  ['angry face', '怒った 怒っている 生气的 화난 गुस्से'],
  ['sleeping face', '眠い 眠そうな 寝ている 睡觉的 자는'],
  ['smiling face with sunglasses', 'クールな 酷的 멋진'],
  ['thinking face', 'thinking'],
]); // prettier-ignore

/** Nothing but a face: "a winking smiley" is one, and in "a lemon with a happy face" it belongs to what goes before. */
export const FACE_WORDS = new Set(
  'face smiley emoticon emoji expression gesicht visage cara faccia rosto gezicht twarz лицо лицом ansikte'.split(' '),
);

const LONGEST_FEELING = 3;

/** How many words from `at` on are one feeling, 0 where they are none: "in love" are two. */
export function feelingLength(words: readonly string[], at: number): number {
  for (let length = Math.min(LONGEST_FEELING, words.length - at); length > 0; length--) {
    if (FEELINGS.has(words.slice(at, at + length).join(' '))) {
      return length;
    }
  }
  return 0;
}

/** The words with those of a feeling put together: "in", "love" → "in love". */
export function joinFeelings(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (let at = 0; at < words.length; ) {
    const length = feelingLength(words, at) || 1;
    joined.push(words.slice(at, at + length).join(' '));
    at += length;
  }
  return joined;
}

/** What is felt left out, unless nothing else is said. */
export function withoutFeelings(words: readonly string[]): readonly string[] {
  const rest = words.filter((word) => !FEELINGS.has(word));
  return rest.length === 0 ? words : rest;
}
