import { avatar, h } from './dom.js';

const find = (id) => document.getElementById(id);

/** The channels with their threads under them, then the direct messages. */
export function drawChannels({ channels }, currentId, onOpen) {
  const entry = (one) =>
    h(
      'button',
      {
        type: 'button',
        class: one.isThread ? 'channel thread' : 'channel',
        'aria-current': one.id === currentId ? 'page' : undefined,
        onclick: () => onOpen(one.id),
      },
      h('span', { class: 'hash', 'aria-hidden': 'true' }, one.isDm ? '@' : one.isThread ? '↳' : '#'),
      one.name,
    );
  const tops = channels.filter((one) => !one.isDm && !one.isThread);
  const withThreads = tops.flatMap((one) => [one, ...channels.filter((child) => child.parentId === one.id)]);
  find('channels').replaceChildren(
    h('h2', {}, 'Channels'),
    ...withThreads.map(entry),
    h('h2', {}, 'Direct messages'),
    ...channels.filter((one) => one.isDm).map(entry),
  );
}

/** The people one can be. */
export function drawPeople({ people, me }, onBecome) {
  const button = ({ id, name }) =>
    h(
      'button',
      { type: 'button', class: 'person', 'aria-pressed': String(id === me), onclick: () => onBecome(id) },
      avatar(id, name, false),
      h('span', {}, name),
    );
  find('people').replaceChildren(...people.map(button));
}

/** Discord's languages, each in its own words. */
export function drawLocales({ locales }, current) {
  const name = (locale) => new Intl.DisplayNames([locale], { type: 'language' }).of(locale);
  const entry = (locale) => h('option', { value: locale, selected: locale === current }, `${name(locale)} (${locale})`);
  find('locale').replaceChildren(...locales.map(entry));
}

/** The language that was chosen before, or the browser's own where Discord has it. */
export function firstLocale({ locales }) {
  const wanted = sessionStorage.getItem('locale') ?? navigator.language;
  if (locales.includes(wanted)) {
    return wanted;
  }
  const [language] = wanted.split('-');
  if (language === 'en') {
    return 'en-US';
  }
  return locales.find((one) => one.split('-')[0] === language) ?? 'en-US';
}

/** On a phone the column lies over the channel: a touch beside it or Escape puts it away. */
export function closeSidebar() {
  document.body.classList.remove('sidebar-open');
  find('open-sidebar').setAttribute('aria-expanded', 'false');
}

/** Wires the button that opens the column. */
export function prepareSidebar() {
  find('open-sidebar').addEventListener('click', ({ currentTarget }) => {
    const isOpen = document.body.classList.toggle('sidebar-open');
    currentTarget.setAttribute('aria-expanded', String(isOpen));
  });
  find('messages').addEventListener('pointerdown', closeSidebar);
  addEventListener('keydown', ({ key }) => key === 'Escape' && closeSidebar());
}
