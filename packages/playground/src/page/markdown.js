import { h } from './dom.js';

const STYLES = {
  t: { timeStyle: 'short' },
  T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' },
  D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' },
  F: { dateStyle: 'full', timeStyle: 'short' },
};
const UNITS = [
  ['year', 31536000],
  ['month', 2592000],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** A `<t:…>` as text in the reader's language. */
export function timeText(unix, style, locale) {
  if (style !== 'R') {
    return new Intl.DateTimeFormat(locale, STYLES[style] ?? STYLES.f).format(unix * 1000);
  }
  const seconds = unix - Date.now() / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(Math.round(seconds / length), unit);
}

/** Brings every relative time on the page up to date. */
export function tickTimes(locale) {
  for (const time of document.querySelectorAll('time[data-unix]')) {
    const text = timeText(Number(time.dataset.unix), time.dataset.style, locale);
    if (time.textContent !== text) {
      time.textContent = text;
    }
  }
}

/** The marks of Discord's text; the earliest match wins, then the first in this list. */
const RULES = [
  [/\\([*_~`|\\<>#[\]()-])/, (m) => m[1]],
  [/``([\s\S]+?)``|`([^`\n]+)`/, (m) => h('code', {}, m[1] ?? m[2])],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (m, context) => time(m, context)],
  [/<@!?(\d+)>/, (m, context) => mention(`@${context.nameOf(m[1])}`)],
  [/<@&(\d+)>/, (m, context) => mention(`@${context.roleName(m[1])}`)],
  [/<#(\d+)>/, (m, context) => mention(`#${context.channelName(m[1])}`)],
  [/<\/([^:>]+):\d+>/, (m) => mention(`/${m[1]}`)],
  [/\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/, (m, context) => link(m[2], inline(m[1], context))],
  [/<(https?:\/\/[^\s>]+)>/, (m) => link(m[1], [m[1]])],
  [/https?:\/\/[^\s<>"')\]]+/, (m) => link(m[0], [m[0]])],
  [/\*\*([\s\S]+?)\*\*(?!\*)/, (m, context) => h('strong', {}, inline(m[1], context))],
  [/__([\s\S]+?)__(?!_)/, (m, context) => h('u', {}, inline(m[1], context))],
  [/~~([\s\S]+?)~~/, (m, context) => h('s', {}, inline(m[1], context))],
  [/\|\|([\s\S]+?)\|\|/, (m, context) => spoiler(inline(m[1], context))],
  [/\*([^*\s](?:[^*]*[^*\s])?)\*/, (m, context) => h('em', {}, inline(m[1], context))],
  [/(?<!\w)_([^_\s](?:[^_]*[^_\s])?)_(?!\w)/, (m, context) => h('em', {}, inline(m[1], context))],
  [/@(?:everyone|here)\b/, (m) => h('span', { class: 'quiet' }, m[0])],
];

function inline(text, context) {
  const nodes = [];
  let rest = text;
  while (rest !== '') {
    let best = null;
    for (const [pattern, make] of RULES) {
      const match = pattern.exec(rest);
      if (match && (best === null || match.index < best.match.index)) {
        best = { match, make };
      }
    }
    if (best === null) {
      nodes.push(rest);
      break;
    }
    if (best.match.index > 0) {
      nodes.push(rest.slice(0, best.match.index));
    }
    nodes.push(best.make(best.match, context));
    rest = rest.slice(best.match.index + best.match[0].length);
  }
  return nodes;
}

function time([, digits, style = 'f'], { locale }) {
  const unix = Number(digits);
  const title = timeText(unix, 'F', locale);
  return h('time', { 'data-unix': unix, 'data-style': style, title }, timeText(unix, style, locale));
}

const mention = (text) => h('span', { class: 'mention' }, text);
const link = (href, children) => h('a', { href, target: '_blank', rel: 'noreferrer noopener' }, children);

function spoiler(children) {
  const show = (event) => {
    event.currentTarget.classList.add('shown');
    event.currentTarget.removeAttribute('role');
  };
  const onkeydown = (event) => (event.key === 'Enter' || event.key === ' ' ? show(event) : undefined);
  return h(
    'span',
    { class: 'spoiler', role: 'button', tabindex: '0', 'aria-label': 'Spoiler', onclick: show, onkeydown },
    children,
  );
}

/** One line that is no code: heading, small print, quote, list entry or plain. */
function line(text, context) {
  const heading = /^(#{1,3}) (.+)/.exec(text);
  if (heading) {
    return h('div', { class: `h${heading[1].length}` }, inline(heading[2], context));
  }
  const small = /^-# (.+)/.exec(text);
  if (small) {
    return h('div', { class: 'small' }, inline(small[1], context));
  }
  const quote = /^>(?:>>)? (.*)/.exec(text);
  if (quote) {
    return h('blockquote', {}, inline(quote[1], context));
  }
  const entry = /^\s*(?:[-*]|(\d+\.)) (.+)/.exec(text);
  if (entry) {
    return h('div', { class: 'entry', 'data-mark': entry[1] ?? '•' }, inline(entry[2], context));
  }
  return h('div', { class: 'line' }, text === '' ? '\u200b' : inline(text, context));
}

/**
 * Discord's markdown as DOM nodes.
 * @param context `{ locale, nameOf(userId), roleName(id), channelName(id) }`
 */
export function markdown(text, context) {
  return text.split(/(```[\s\S]*?```)/).flatMap((part, index) => {
    if (index % 2 === 1) {
      return [h('pre', {}, h('code', {}, part.slice(3, -3).replace(/^\w*\n/, '')))];
    }
    // The breaks around a block of code belong to it.
    const trimmed = part.replace(index > 0 ? /^\n/ : /(?!)/, '').replace(/\n$/, '');
    if (trimmed === '') {
      return [];
    }
    return trimmed.split('\n').map((one) => line(one, context));
  });
}
