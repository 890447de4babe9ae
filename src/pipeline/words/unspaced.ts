/** The grammar of languages whose words run into each other: Japanese, Chinese, Korean. */

import type { Clause } from './clauses.js';
import { FEELINGS } from './feelings.js';
import { COLOURS, NUMBERS } from './lexicon.js';
import { isUnspaced, spaced } from './text.js';

/** Numbers, colours and particles that run into the noun in Japanese, Chinese and Korean. */
const WORN_BEFORE = /^(?:(.+)を(?:かけた|かぶった|被った|つけた|着けた)|戴着?(.+?)的|(.+)[을를] ?쓴 ?)(.+)$/u;
/** What a background is called where words run into each other. */
export const UNSPACED_BACKGROUND = /背景|배경/u;
/** "月の上の猫": what stands on it comes last. */
const ABOVE_BEFORE = /^(.+?)(?:の上の|の上にいる|上的| 위의 ?)(.+)$/u;
/** "please draw a", "a picture of" and "cute", which stand before the thing or behind it. */
const WISH_BEFORE =
  /^[请請]?[给給帮幫]?我?(?:画|畫)?(?=.)(?:一(?=[只隻个個张張幅条條头頭]))?[只隻个個张張幅条條头頭]?/u;
const WISH_BEHIND =
  /(?:の?(?:絵文字|絵|イラスト|画像|写真|スタンプ)?を?(?:描いて|かいて|作って)(?:ください|下さい)?|の?(?:絵文字|絵|イラスト|画像|写真|スタンプ)|的?(?:图片|圖片|照片|表情|贴纸|图))$/u;
const LOOKS = /^(?:かわいい|可愛い|可爱的|可愛的|小さな|小さい|大きな|大きい)(?=.)/u;
const JOINED_AND = /[、]|と(?=.)|和|와 |과 /u;

/** "犬と猫" is two things although nothing separates the words; in "帽子をかぶった猫" the cat wears the hat. */
export function splitUnspaced(clause: Clause): readonly Clause[] {
  const text = clause.words.join(' ');
  if (!isUnspaced(text)) {
    return [clause];
  }
  return splitPlainUnspaced(clause, withoutCarriers(text));
}

/** "猫の絵を描いてください" → "猫" */
function withoutCarriers(text: string): string {
  const wish = text.replace(WISH_BEFORE, '').replace(WISH_BEHIND, '').replace(LOOKS, '').trim();
  return wish === '' ? text : wish;
}

function splitPlainUnspaced(clause: Clause, text: string): readonly Clause[] {
  const worn = WORN_BEFORE.exec(text);
  if (worn !== null) {
    const what = worn[1] ?? worn[2] ?? worn[3] ?? '';
    const who = worn[4] ?? '';
    return [
      { ...clause, words: spaced(who) },
      { relation: 'with', joint: '', words: spaced(what) },
    ];
  }
  const above = ABOVE_BEFORE.exec(text);
  if (above !== null && !UNSPACED_BACKGROUND.test(text)) {
    return [
      { ...clause, words: spaced(above[2] ?? '') },
      { relation: 'above', joint: '上', words: spaced(above[1] ?? '') },
    ];
  }
  const parts = text.split(JOINED_AND).filter((part) => part.trim() !== '');
  return parts.map((part, index) =>
    index === 0 ? { ...clause, words: spaced(part) } : { relation: 'beside', joint: '和', words: spaced(part) },
  );
}

const COUNTERS =
  /^(つの|つ|杯の|杯|個の|個|匹の|匹|本の|本|台の|台|人の|只|隻|个|個|頭|头|条|條|輛|辆|朵|颗|颗|张|마리|개|송이)/u;
const UNSPACED_DESCRIPTIONS = [...NUMBERS.keys(), ...COLOURS.keys(), ...FEELINGS.keys()]
  .filter(isUnspaced)
  .sort((a, b) => b.length - a.length);

const COUNTED_BEHIND =
  /^(.+?)の?([一二三四五六两兩]|\d)(?:匹|個|つ|本|台|人|只|个)$|^(.+?)\s?([두세네]|\d)\s?(?:마리|개)$/u;

/** "三つの赤い車" → 三, 赤い, 車; "犬二匹" → 二, 犬 */
export function splitUnspacedDescription(word: string): readonly string[] {
  if (!isUnspaced(word)) {
    return [word];
  }
  const behind = COUNTED_BEHIND.exec(word);
  if (behind !== null) {
    return [behind[2] ?? behind[4] ?? '', ...splitUnspacedDescription(behind[1] ?? behind[3] ?? '')];
  }
  const found: string[] = [];
  let rest = word;
  for (;;) {
    const start = UNSPACED_DESCRIPTIONS.find(
      (description) => rest.startsWith(description) && rest.length > description.length,
    );
    const digits = /^\d/.exec(rest)?.[0];
    const taken = digits ?? start;
    if (taken === undefined) {
      break;
    }
    const isNumber = digits !== undefined || NUMBERS.has(taken);
    const after = rest.slice(taken.length).replace(isNumber ? COUNTERS : /^[の的]/u, '');
    if (after === '') {
      break;
    }
    found.push(taken);
    rest = after;
  }
  return [...found, rest];
}
