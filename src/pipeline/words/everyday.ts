/** What everyday words mean that emoji are called by more narrowly (see lexicon.ts for how they are written). */

import { tableOf } from './word-table.js';

/**
 * Everyday words that emoji are called by more narrowly, or otherwise → names that are
 * meant, several between bars where any of them will do.
 */
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
  ['bouquet', 'bunch_flowers bunch_roses'],
  ['rocket', 'spaceship space_ship spacecraft starship raumschiff'],
  ['flying saucer', 'ufo ufos'],
  ['wrapped gift', 'present presents birthday_present christmas_present'],
  ['skull', 'skeleton skeletons'],
  ['health worker', 'doctor nurse'],
  ['airplane', 'plane planes'],
  ['bug', 'caterpillar caterpillars'],
  ['fallen leaf', 'leaf leaves'],
  [
    'jack-o-lantern',
    'pumpkin pumpkins kürbis citrouille calabaza zucca abóbora pompoen dynia тыква pumpa かぼちゃ 南瓜 호박',
  ],
  ['chipmunk', 'squirrel squirrels eichhörnchen белка'],
  ['lion', 'löwe león leone leão leeuw lew лев lejon ライオン 狮子 사자 शेर'],
  ['scorpion', 'skorpion'],
  ['honeybee', 'bij bijtje'],
  ['wheel', 'tyre tire'],
  ['cheese wedge', 'cheese käse fromage queso formaggio queijo kaas ser sera сыр сыра ost チーズ 奶酪 치즈 पनीर'],
  ['potato', 'картошка'],
  ['glasses', 'очки очках okulary okularach'],
  ['guitar', 'violão viola_caipira'],
  ['mantelpiece clock', 'clock clocks uhr horloge reloj orologio relógio klok zegar klocka 時計 钟 시계'],
  [
    'teacup without handle',
    'tea cup_tea tee tasse_tee thé tasse_thé té taza_té tè tazza_tè chá xícara_chá thee kop_thee kopje_thee herbata filiżanka_herbaty чай чашка_чая te お茶 茶 차',
  ],
  ['soccer ball', 'ball balls ballon_de_foot pelota palla bola bal piłka мяч boll ボール 球 공'],
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
    'tulip|sunflower|hibiscus|blossom|cherry blossom|rose',
    'flower flowers blume blumen fleur fleurs flor flores fiore fiori bloem bloemen kwiat kwiaty цветок цветы blomma 花 꽃 फूल',
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
