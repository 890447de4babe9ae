import { h } from './dom.js';
import { readFile } from './live.js';

export const TYPE = {
  subcommand: 1,
  group: 2,
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  number: 10,
  attachment: 11,
};

/** The name in the member's language, where the bot gave one. */
export const localName = (one, locale) => one.name_localizations?.[locale] ?? one.name;
export const localDescription = (one, locale) => one.description_localizations?.[locale] ?? one.description ?? '';

const list = (attributes, entries) =>
  h(
    'select',
    attributes,
    h('option', { value: '' }, '…'),
    entries.map(({ value, name }) => h('option', { value }, name)),
  );

/**
 * The input for one option of a command: `{ element, focus(), fill(text), read() }`; `read` gives undefined when empty.
 * @param suggest for autocomplete: text → promise of choices
 */
export function optionInput(option, context, suggest) {
  const { locale } = context;
  const attributes = { 'aria-label': localName(option, locale), title: localDescription(option, locale) };
  if (option.choices?.length) {
    const entries = option.choices.map((choice, index) => ({ value: index, name: localName(choice, locale) }));
    const element = list(attributes, entries);
    return simple(element, () => option.choices[Number(element.value)].value);
  }
  switch (option.type) {
    case TYPE.boolean: {
      const element = list(attributes, [
        { value: 'true', name: 'True' },
        { value: 'false', name: 'False' },
      ]);
      return simple(element, () => element.value === 'true');
    }
    case TYPE.user:
    case TYPE.mentionable:
      return simple(
        list(
          attributes,
          context.people.map(({ id, name }) => ({ value: id, name })),
        ),
      );
    case TYPE.role:
      return simple(
        list(
          attributes,
          context.roles.map(({ id, name }) => ({ value: id, name })),
        ),
      );
    case TYPE.channel:
      return simple(
        list(
          attributes,
          context.channels.filter((one) => !one.isDm).map(({ id, name }) => ({ value: id, name: `#${name}` })),
        ),
      );
    case TYPE.attachment: {
      const element = h('input', { type: 'file', ...attributes });
      return { ...simple(element), read: async () => (element.files[0] ? readFile(element.files[0]) : undefined) };
    }
    case TYPE.integer:
    case TYPE.number: {
      const limits = { min: option.min_value, max: option.max_value, step: option.type === TYPE.integer ? 1 : 'any' };
      if (option.autocomplete) {
        return suggested(option, attributes, suggest, Number);
      }
      const element = h('input', { type: 'number', ...attributes, ...limits });
      return simple(element, () => Number(element.value));
    }
    default: {
      if (option.autocomplete) {
        return suggested(option, attributes, suggest, String);
      }
      const element = h('textarea', { rows: 1, maxlength: option.max_length ?? 6000, ...attributes });
      const grow = () => {
        element.style.height = 'auto';
        element.style.height = `${Math.min(element.scrollHeight, 160)}px`;
      };
      element.addEventListener('input', grow);
      element.addEventListener('focus', grow);
      return simple(element);
    }
  }
}

function simple(element, convert = () => element.value) {
  return {
    element,
    focus: () => element.focus(),
    fill: (text) => {
      element.value = text;
    },
    read: async () => (element.value === '' ? undefined : convert()),
  };
}

/** A text field with the bot's own suggestions under it. */
function suggested(option, attributes, suggest, convert) {
  const input = h('input', {
    type: 'text',
    autocomplete: 'off',
    role: 'combobox',
    'aria-expanded': 'false',
    ...attributes,
  });
  const choices = h('div', { class: 'suggestions', role: 'listbox' });
  let chosen = null;
  let turn = 0;
  const hide = () => {
    choices.replaceChildren();
    input.setAttribute('aria-expanded', 'false');
  };
  const ask = async () => {
    turn += 1;
    const mine = turn;
    await new Promise((resolve) => setTimeout(resolve, 120));
    if (mine !== turn) {
      return;
    }
    const found = await suggest(option.name, input.value).catch(() => []);
    if (mine !== turn || document.activeElement !== input) {
      return;
    }
    choices.replaceChildren(
      ...found.slice(0, 25).map((one) => {
        const button = h('button', { type: 'button', role: 'option', tabindex: '-1' }, one.name);
        // Before the field loses the focus and hides the list.
        button.addEventListener('pointerdown', (event) => {
          event.preventDefault();
          take(one);
        });
        button.choice = one;
        return button;
      }),
    );
    input.setAttribute('aria-expanded', String(found.length > 0));
  };
  const take = (one) => {
    chosen = one;
    input.value = one.name;
    turn += 1;
    hide();
  };
  input.addEventListener('input', () => {
    chosen = null;
    ask();
  });
  input.addEventListener('focus', ask);
  input.addEventListener('blur', hide);
  input.addEventListener('keydown', (event) => {
    const buttons = [...choices.children];
    if (buttons.length === 0) {
      return;
    }
    const at = buttons.findIndex((one) => one.classList.contains('current'));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      buttons[at]?.classList.remove('current');
      buttons[(at + step + buttons.length) % buttons.length].classList.add('current');
    } else if ((event.key === 'Enter' || event.key === 'Tab') && at >= 0) {
      event.preventDefault();
      event.stopPropagation();
      take(buttons[at].choice);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      hide();
    }
  });
  return {
    element: h('span', { class: 'suggested' }, input, choices),
    focus: () => input.focus(),
    fill: (text) => {
      input.value = text;
    },
    read: async () => (chosen ? chosen.value : input.value === '' ? undefined : convert(input.value)),
  };
}
