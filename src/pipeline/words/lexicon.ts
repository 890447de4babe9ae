/**
 * Words that say how a thing is shown, and not what it is: numbers, colours, relations, feelings.
 *
 * One table a meaning, a line a language (en, de, fr, es, it, pt, nl, pl, ru, sv, ja, zh, ko, hi), inflections as they are
 * written. Phrases of several words are joined by `_`.
 */

import type { ColourName, Relation } from './scene.js';

/** `key` → words, separated by spaces, becomes word → key. */
function tableOf<K>(rows: readonly (readonly [K, string])[]): ReadonlyMap<string, K> {
  const words = rows.flatMap(([key, line]) =>
    line
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word): [string, K] => [word.replaceAll('_', ' ').replaceAll('’', "'"), key]),
  );
  return new Map(words);
}

export const NUMBERS = tableOf<number>([
  [1, 'one single jeden один одна одно 一 한'],
  [2, 'two couple deux dos due dois duas twee dwa dwie dwóch два две två zwei 二 両 两 두 둘 दो'],
  [3, 'three drei trois tres tre três drie trzy три 三 세 셋 तीन'],
  [4, 'four vier quatre cuatro quattro quatro cztery четыре fyra 四 네 넷 चार'],
  [5, 'five fünf cinq cinco cinque vijf pięć пять fem 五 다섯 पांच पाँच'],
  [
    6,
    'six sechs seis sei zes sześć шесть 六 여섯 छह many several viele plusieurs muchos muchas molti molte muitos veel dużo много många',
  ],
  [
    6,
    'seven eight nine ten sieben acht neun zehn sept huit neuf dix siete ocho nueve diez sette otto nove dieci sete oito dez',
  ],
]);

export const COLOURS = tableOf<ColourName>([
  [
    'red',
    'red rot rote roter rotes roten rotem rouge rouges rojo roja rojos rojas rosso rossa rossi rosse vermelho vermelha vermelhos vermelhas rood rode czerwony czerwona czerwone czerwonym красный красная красное красные красном röd rött röda 赤い 赤 红色的 红色 红 빨간 빨강 लाल',
  ],
  [
    'orange',
    'orange oranje oranges orangefarbene naranja naranjas arancione arancioni laranja laranjas pomarańczowy pomarańczowa pomarańczowe pomarańczowym оранжевый оранжевая оранжевое оранжевые оранжевом オレンジ色の 橙色的 橙色 주황색 नारंगी',
  ],
  [
    'yellow',
    'yellow gelb gelbe gelber gelbes gelben gelbem jaune jaunes amarillo amarilla amarillos amarillas giallo gialla gialli gialle amarelo amarela amarelos amarelas geel gele żółty żółta żółte żółtym жёлтый желтый жёлтая желтая жёлтое желтое жёлтые желтые gul gult gula 黄色い 黄色 黄色的 노란 पीला पीली पीले',
  ],
  [
    'green',
    'green grün grüne grüner grünes grünen grünem vert verte verts vertes verde verdes verdi groen groene zielony zielona zielone zielonym зелёный зеленый зелёная зеленая зелёное зеленое зелёные зеленые зелёном зеленом grön grönt gröna 緑の 緑 绿色的 绿色 绿 초록색 초록 हरा हरी हरे',
  ],
  [
    'blue',
    'blue blau blaue blauer blaues blauen blauem bleu bleue bleus bleues azul azules azuis blu azzurro azzurra blauw blauwe niebieski niebieska niebieskie niebieskim синий синяя синее синие синем голубой голубая голубое голубые blå blått blåa 青い 青 蓝色的 蓝色 蓝 파란 파랑 नीला नीली नीले',
  ],
  [
    'purple',
    'purple violet lila violett violette violetter violettes violets morado morada morados moradas viola roxo roxa roxos roxas paars paarse fioletowy fioletowa fioletowe fioletowym фиолетовый фиолетовая фиолетовое фиолетовые 紫の 紫色の 紫 紫色的 紫色 보라색 बैंगनी',
  ],
  [
    'pink',
    'pink rosa rosafarbene rosafarbener rose roses roze różowy różowa różowe różowym розовый розовая розовое розовые ピンクの ピンク 粉色的 粉色 粉红色 분홍색 분홍 गुलाबी',
  ],
  [
    'brown',
    'brown braun braune brauner braunes braunen braunem marron brun brune bruns marrón marrones marrone marroni castanho castanha bruin bruine brązowy brązowa brązowe brązowym коричневый коричневая коричневое коричневые brunt bruna 茶色い 茶色の 茶色 棕色的 棕色 갈색 भूरा भूरी',
  ],
  [
    'black',
    'black schwarz schwarze schwarzer schwarzes schwarzen schwarzem noir noire noirs noires negro negra negros negras nero nera neri nere preto preta pretos pretas zwart zwarte czarny czarna czarne czarnym чёрный черный чёрная черная чёрное черное чёрные черные чёрном черном svart svarta 黒い 黒 黑色的 黑色 黑 검은 검정 काला काली काले',
  ],
  [
    'white',
    'white weiß weiss weiße weißer weißes weißen weißem blanc blanche blancs blanches blanco blanca blancos blancas bianco bianca bianchi bianche branco branca brancos brancas wit witte biały biała białe białym белый белая белое белые белом vit vitt vita 白い 白 白色的 白色 하얀 흰 सफेद सफ़ेद',
  ],
  [
    'grey',
    'grey gray grau graue grauer graues grauen grauem gris grises grigio grigia grigi grigie cinza cinzento cinzenta grijs grijze szary szara szare szarym серый серая серое серые сером grå grått gråa 灰色の 灰色 灰色的 회색',
  ],
]); // prettier-ignore

/** What follows wears, holds, stands beside, above or below what goes before. */
export const RELATIONS = tableOf<Relation | 'with'>([
  [
    'beside',
    'and & + plus und sowie et y e ed en i oraz и och と 、 和 与 और beside next_to near by_a alongside neben à_côté_de à_côté_d’un à_côté_d’une junto_a al_lado_de al_lado_del al_lado_de_un accanto_a accanto_a_un vicino_a ao_lado_de ao_lado_de_um ao_lado_de_uma naast obok рядом_с возле bredvid in_the at_the at_a in_front_of behind vor devant delante_de davanti_a voor przed перед in_der im dans_la dans_le en_el en_la na_rua',
  ],
  [
    'with',
    'with wearing wears in_a in_an that_wears mit trägt avec portant qui_porte con com met z ze с со в med usando que_usa llevando con_un con_una indossa che_indossa draagt nosi w носит',
  ],
  [
    'holding',
    'holding holds carrying carries hält tient tenant sosteniendo sostiene que_sostiene tiene tenendo che_tiene segurando vasthoudt trzyma trzymający держит держащий håller',
  ],
  [
    'above',
    'above over on on_top_of riding sitting_on standing_on atop auf über sur au-dessus_de sobre encima_de su sul sopra em_cima_de op boven bovenop na nad на над på över',
  ],
  [
    'below',
    'under below beneath underneath unter sous au-dessous_de bajo debajo_de sotto sob debaixo_de onder pod под under_a',
  ],
]);

/** Say that a colour lies behind the thing. */
export const BACKGROUNDS = new Set(
  'background backdrop hintergrund fond arrière-plan fondo sfondo fundo achtergrond tle tło tła фоне фон bakgrund'.split(
    ' ',
  ),
);

/** Begin a wish without saying what is wished for, and small words that stand before a thing. */
export const CARRIERS = new Set(
  (
    'a an the some of pair please draw paint make me create generate show picture image drawing photo emoji sticker icon cute little small tiny big large huge giant beautiful nice funny lovely pretty simple just really very super so ' +
    'ein eine einen einem einer eines der die das den dem bitte zeichne male bild von vom kleine kleiner kleines süße süßer ' +
    'un une des le la les l’ d’ dessine image de du petit petite mignon ' +
    'una uno unos unas el los las dibuja imagen del pequeño pequeña ' +
    'lo il gli i disegna immagine di piccolo piccola um uma uns umas o os as desenhe imagem do da pequeno pequena ' +
    'een het de teken afbeelding van kleine narysuj obrazek mały mała нарисуй картинка маленький маленькая ett rita bild en'
  ).split(' '),
);

/** Small words that only one language has before a thing: they tell "un chat" from "a chat". */
export const ARTICLES = new Set(
  'ein eine einen einem einer der die das den dem un une des le la les una uno unos unas el los las lo il gli um uma o os as een het ett'.split(
    ' ',
  ),
);

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
  ['thinking face', 'thinking'],
]); // prettier-ignore

/** Everyday words that emoji are called by more narrowly, or otherwise → English words that find them. */
export const EVERYDAY = tableOf<string>([
  [
    'cat',
    'katze kater chat chatte gato gata gatto gatta kat poes kot кот кошка котёнок katt 猫 ねこ ネコ 고양이 बिल्ली',
  ],
  ['dog', 'hund psy psa chien perro perra cane cachorro cão hond pies собака пёс 犬 いぬ イヌ 狗 개 강아지 कुत्ता'],
  [
    'red apple',
    'apple apples apfel äpfel pomme pommes manzana manzanas mela mele maçã maçãs appel appels jabłko jabłka яблоко яблоки äpple りんご リンゴ 苹果 사과 सेब',
  ],
  [
    'hot beverage',
    'coffee kaffee tasse_kaffee café tasse_café taza_café tazza_caffè caffè xícara_café kop_koffie koffie kawa filiżanka_kawy кофе чашка_кофе kaffe コーヒー 咖啡 커피 कॉफी कॉफ़ी',
  ],
  ['umbrella', 'зонтик зонт parasolka schirm'],
  ['mushroom', 'seta pilz'],
  ['high voltage', 'lightning_bolt lightning'],
  ['slightly smiling face', 'smiley smiley_face emoticon'],
  ['smiling face with heart-eyes', 'heart_eyes smiley_with_heart_eyes face_with_heart_eyes'],
  [
    'face with tears of joy',
    'face_crying_with_laughter crying_with_laughter laughing_crying crying_laughing laughing_with_tears',
  ],
  ['tangerine', 'orange oranges'],
  ['mage', 'wizard sorcerer zauberer magicien mago czarodziej волшебник'],
  [
    'automobile',
    'auto wagen voiture coche carro macchina samochód машина автомобиль bil 車 くるま 车 汽车 자동차 गाड़ी कार',
  ],
  [
    'evergreen tree',
    'tree trees baum bäume arbre arbres árbol árboles albero alberi árvore árvores boom bomen drzewo drzewa дерево деревья träd 木 树 나무 पेड़',
  ],
  [
    'tulip',
    'blume blumen fleur fleurs flor flores fiore fiori bloem bloemen kwiat kwiaty цветок цветы blomma 花 꽃 फूल',
  ],
  ['full moon', 'moon mond lune luna lua maan księżyc луна måne 月 月亮 달 चाँद चांद'],
  [
    'star',
    'stern sterne étoile étoiles estrella estrellas stella stelle estrela estrelas ster sterren gwiazda gwiazdy звезда звёзды звезды stjärna 星 星星 별 तारा',
  ],
  [
    'top hat',
    'hat hats hut hüte chapeau sombrero cappello chapéu hoed kapelusz kapeluszu шляпа шляпе шляпой hatt 帽子 모자 टोपी',
  ],
  [
    'red heart',
    'heart hearts herz herzen cœur coeur corazón corazon cuore coração coracao hart serce сердце hjärta ハート 心 하트 दिल',
  ],
  ['house', 'haus häuser maison casa huis dom дом hus 家 房子 집 घर'],
  ['books', 'book buch livre libro livro boek książka книга bok 本 书 책 किताब'],
  ['ship', 'schiff bateau barco nave navio schip statek корабль skepp 船 배'],
  ['running shoe', 'shoe shoes schuh chaussure zapato scarpa sapato schoen but ботинок sko 靴 鞋 신발'],
  ['birthday cake', 'cake kuchen torte gâteau pastel tarta torta bolo taart tort торт tårta ケーキ 蛋糕 케이크 केक'],
  ['bird', 'vogel oiseau pájaro uccello pássaro ptak птица fågel 鳥 鸟 새'],
  ['fish', 'fisch poisson pez pesce peixe vis ryba рыба fisk 魚 鱼 물고기'],
]); // prettier-ignore

/** Nothing but a face: "a winking smiley" is one, and in "a lemon with a happy face" it belongs to what goes before. */
export const FACE_WORDS = new Set(
  'face smiley emoticon emoji expression gesicht visage cara faccia rosto gezicht twarz лицо лицом ansikte'.split(' '),
);
