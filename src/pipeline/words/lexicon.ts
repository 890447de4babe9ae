/**
 * Words that say how a thing is shown, and not what it is: numbers, colours, relations, small words.
 *
 * One table a meaning, a line a language (en, de, fr, es, it, pt, nl, pl, ru, sv, ja, zh, ko, hi), inflections as they are
 * written. Phrases of several words are joined by `_`.
 */

import type { ColourName, Relation } from './scene.js';
import { tableOf } from './word-table.js';

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
    'with wearing wears in in_a in_an that_wears de à mit trägt avec portant qui_porte con com met z ze с со в med usando que_usa llevando con_un con_una indossa che_indossa draagt nosi w носит',
  ],
  [
    'holding',
    'holding holds carrying carries eating drinking reading playing playing_with playing_the hält tient tenant sosteniendo sostiene que_sostiene tiene tenendo che_tiene segurando vasthoudt trzyma trzymający держит держащий håller',
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

/** Say how light a colour is. */
export const SHADES = new Set('dark light bright pale deep neon'.split(' '));

/** Begin a wish without saying what is wished for, and small words that stand before a thing. */
export const CARRIERS = new Set(
  (
    'a an the some of pair that who is are looks looking please pic portrait illustration cartoon adorable  draw paint make me create generate show picture image drawing photo emoji sticker icon cute little small tiny big large huge giant beautiful nice funny lovely pretty simple just really very super so ' +
    'ein eine einen einem einer eines der die das den dem bitte zeichne male mir bild foto zeichnung aufkleber von vom großer große großes kleine kleiner kleines süße süßer ' +
    'un une des le la les l’ d’ dessine dessin image autocollant moi de du grand grande gros grosse petit petite mignon mignonne ' +
    'una uno unos unas el los las dibuja dibujo imagen pegatina del gran pequeño pequeña bonito bonita lindo linda ' +
    'lo il gli i disegna disegno immagine adesivo di piccolo piccola carino carina um uma uns umas o os as desenhe desenho figurinha do da pequeno pequena fofo fofa ' +
    'een het de teken tekening plaatje afbeelding van kleine grote groot schattige narysuj rysunek obrazek zdjęcie naklejka proszę mały mała duży duża uroczy urocza ' +
    'нарисуй картинка картинку рисунок изображение фото стикер эмодзи пожалуйста мне большой большая маленький маленькая милый милая милое ' +
    'ett rita bild klistermärke av en liten söt gullig चित्र का की के एक प्यारा प्यारी छोटा छोटी बनाओ'
  ).split(' '),
);

/** Amounts that are not what is wished for: "ein Stück Käse" is a cheese. */
export const MEASURES = new Set(
  'piece pieces slice slices stück scheibe morceau tranche trozo pedazo rebanada pezzo fetta pedaço fatia stuk stukje plak kawałek plasterek кусок кусочек ломтик bit skiva'.split(
    ' ',
  ),
);

/** Small words that only one language has before a thing: they tell "un chat" from "a chat". */
export const ARTICLES = new Set(
  'ein eine einen einem einer der die das den dem un une des du le la les una uno unos unas el los las lo il gli um uma o os as een het ett'.split(
    ' ',
  ),
);

/** Ways to begin a wish of several words, of which one alone may mean something else ("can"). */
export const OPENERS = new Set(
  tableOf([
    [
      true,
      'can_you could_you would_you can_i_have could_i_have i_want i_need i_would_like i’d_like give_me show_me kannst_du könntest_du ich_möchte ich_will ich_hätte_gern je_veux je_voudrais peux-tu s’il_te_plaît quiero_ver quiero puedes voglio vorrei puoi quero eu_quero você_pode ik_wil kun_je ik_wil_graag chcę poproszę хочу я_хочу можешь jag_vill kan_du rita_en rita_ett',
    ],
  ]).keys(),
);

/** Relations in English. Any other tells that a prompt is in another language, and what its words are then compared with. */
export const ENGLISH_RELATIONS = tableOf([
  [
    true,
    'and & + plus beside next_to near by_a alongside in_the at_the at_a in_front_of behind with wearing wears in_a in_an that_wears holding holds carrying carries eating drinking reading playing playing_with playing_the above over on on_top_of riding sitting_on standing_on atop under under_a below beneath underneath in',
  ],
]);

/** What "in", and Portuguese "de", say is worn: "cat in sunglasses", but not "knight in shining armor". */
export const WORN_WORDS = new Set(
  'hat hats cap crown glasses sunglasses goggles helmet headphone headphones óculos chapéu boné coroa lunettes'.split(
    ' ',
  ),
);
