import { h } from './dom.js';
import { readFile } from './live.js';
import { localDescription, localName, optionInput, TYPE } from './options.js';

/** Slash commands with their subcommands spelled out: `limits set` is one entry. */
function flatten(commands) {
  const leaves = (command, options, path, shown) => {
    const inner = (options ?? []).filter((one) => one.type === TYPE.subcommand || one.type === TYPE.group);
    if (inner.length === 0) {
      return [{ command, path, shown, options: options ?? [] }];
    }
    return inner.flatMap((one) => leaves(one, one.options, [...path, one.name], [...shown, one]));
  };
  return commands.filter((one) => one.type === 1).flatMap((one) => leaves(one, one.options, [one.name], [one]));
}

/** The box at the bottom: plain messages, and commands with their options. */
export class Composer {
  #files = [];
  #current = 0;
  #found = [];
  #last = null;

  /** @param actions `{ context(), commands(), say(content, files), run(name, options), suggest(name, focused, options) }` */
  constructor(root, actions) {
    this.actions = actions;
    this.problem = h('p', { class: 'problem', role: 'alert' });
    this.list = h('div', { class: 'commands', role: 'listbox', id: 'command-list', 'aria-label': 'Commands' });
    this.box = h('div', { class: 'box' });
    this.hint = h('p', { class: 'hint quiet' });
    root.append(this.list, this.problem, this.hint, this.box);
    this.showPlain();
  }

  get entries() {
    return flatten(this.actions.commands());
  }

  /** Ready for ordinary messages. */
  showPlain(text = '') {
    const { channelTitle } = this.actions.context();
    this.#files = [];
    this.hint.textContent = '';
    this.text = h('textarea', {
      rows: 1,
      maxlength: 2000,
      value: text,
      'aria-label': `Message ${channelTitle}`,
      'aria-controls': 'command-list',
      placeholder: `Message ${channelTitle}   (type / for commands)`,
    });
    const picker = h('input', { type: 'file', multiple: true, hidden: true });
    const chips = h('div', { class: 'chips' });
    const attach = h(
      'button',
      { type: 'button', class: 'attach', 'aria-label': 'Attach files', onclick: () => picker.click() },
      '+',
    );
    this.attach = (files) => {
      this.#files.push(...files);
      chips.replaceChildren(...this.#files.map((file) => h('span', { class: 'chip' }, `📎 ${file.name}`)));
      this.text.focus();
    };
    picker.addEventListener('change', () => this.attach(picker.files));
    this.text.addEventListener('paste', ({ clipboardData }) => this.attach(clipboardData.files));
    this.text.addEventListener('input', () => this.#suggestCommands());
    this.text.addEventListener('keydown', (event) => this.#keyInPlain(event));
    this.box.replaceChildren(attach, picker, h('div', { class: 'lines' }, chips, this.text));
    this.#hideList();
  }

  /** Opens a command with its options to fill in. @param values texts by option name */
  showCommand(entry, values = {}) {
    const { locale } = this.actions.context();
    const name = entry.path.join(' ');
    const inputs = new Map();
    const fields = h('div', { class: 'options' });
    const more = h('div', { class: 'more' });
    const suggest = async (focused, typed) =>
      this.actions.suggest(name, focused, { ...(await this.#values(inputs)), [focused]: typed });
    const add = (option) => {
      const input = optionInput(option, this.actions.context(), suggest);
      inputs.set(option.name, input);
      fields.append(
        h(
          'label',
          { class: 'option', 'data-option': option.name, title: localDescription(option, locale) },
          h('span', { class: 'option-name' }, localName(option, locale)),
          input.element,
        ),
      );
      input.element.addEventListener('focusin', () => {
        this.hint.textContent = `${localName(option, locale)}: ${localDescription(option, locale)}`;
      });
      if (values[option.name] !== undefined) {
        input.fill(values[option.name]);
      }
      return input;
    };
    const given = entry.options.filter((one) => one.required || values[one.name] !== undefined);
    for (const option of given) {
      add(option);
    }
    for (const option of entry.options.filter((one) => !given.includes(one))) {
      const onclick = ({ currentTarget }) => {
        currentTarget.remove();
        add(option).focus();
      };
      more.append(
        h(
          'button',
          { type: 'button', class: 'add', title: localDescription(option, locale), onclick },
          `+ ${localName(option, locale)}`,
        ),
      );
    }
    const shown = entry.shown.map((one) => localName(one, locale)).join(' ');
    const close = h(
      'button',
      { type: 'button', class: 'attach', 'aria-label': 'Leave the command', onclick: () => this.#back() },
      '×',
    );
    const send = h('button', { type: 'submit', class: 'button primary' }, 'Send');
    const form = h(
      'form',
      { class: 'command', 'aria-label': `/${shown}` },
      h('span', { class: 'pill' }, `/${shown}`),
      fields,
      h('div', { class: 'foot-row' }, more, send),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit(name, inputs, send);
    });
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.#back();
      }
      if (event.key === 'Enter' && !event.shiftKey && event.target.tagName === 'TEXTAREA') {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    this.attach = () => this.say('Choose the file in the option that takes one.');
    this.box.replaceChildren(close, form);
    this.#hideList();
    this.say('');
    const first = [...inputs.values()][0];
    if (first) {
      first.focus();
    } else {
      send.focus();
    }
  }

  /** What is wrong, under the list and over the box. */
  say(text) {
    this.problem.textContent = text;
  }

  #back() {
    this.say('');
    this.showPlain();
    this.text.focus();
  }

  async #values(inputs) {
    const entries = await Promise.all([...inputs].map(async ([name, input]) => [name, await input.read()]));
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  async #submit(name, inputs, send) {
    send.disabled = true;
    try {
      const values = await this.#values(inputs);
      await this.actions.run(name, values);
      const texts = Object.entries(values).filter(([, value]) => typeof value === 'string');
      this.#last = { path: name, values: Object.fromEntries(texts) };
      if (send.isConnected) {
        this.#back();
      }
    } catch (error) {
      this.say(error.message);
      send.disabled = false;
    }
  }

  #suggestCommands() {
    this.text.style.height = 'auto';
    this.text.style.height = `${Math.min(this.text.scrollHeight, 200)}px`;
    const typed = /^\/(.*)$/s.exec(this.text.value)?.[1];
    if (typed === undefined) {
      return this.#hideList();
    }
    const { locale } = this.actions.context();
    const wanted = typed.toLowerCase();
    const names = (entry) => [entry.path.join(' '), entry.shown.map((one) => localName(one, locale)).join(' ')];
    const opened = this.entries.find((entry) => names(entry).some((one) => wanted.startsWith(`${one} `)));
    if (opened) {
      return this.showCommand(opened, this.#typedValues(opened, typed, names(opened)));
    }
    this.#found = this.entries.filter((entry) => names(entry).some((one) => one.includes(wanted.trim())));
    this.#current = 0;
    this.#drawList(locale);
  }

  /** `/imagine a fox` puts the words after the name into the first option that takes text. */
  #typedValues(entry, typed, names) {
    const name = names.find((one) => typed.toLowerCase().startsWith(`${one} `));
    const rest = typed.slice(name.length + 1);
    const option = entry.options.find((one) => one.type === TYPE.string && !one.choices?.length);
    if (!option || rest.trim() === '') {
      return {};
    }
    return {
      [option.name]: rest.startsWith(`${option.name}:`) ? rest.slice(option.name.length + 1).trimStart() : rest,
    };
  }

  #drawList(locale) {
    const nothing = h(
      'div',
      { class: 'quiet' },
      this.entries.length === 0 ? 'The bot has no commands here yet.' : 'No such command.',
    );
    this.list.replaceChildren(
      ...(this.#found.length === 0
        ? [nothing]
        : this.#found.map((entry, index) => {
            const name = `/${entry.shown.map((one) => localName(one, locale)).join(' ')}`;
            const isCurrent = index === this.#current;
            const row = h(
              'button',
              {
                type: 'button',
                role: 'option',
                tabindex: '-1',
                class: isCurrent ? 'current' : undefined,
                'aria-selected': String(isCurrent),
                onclick: () => this.showCommand(entry),
              },
              h('b', {}, name),
              h('span', { class: 'quiet' }, localDescription(entry.shown.at(-1), locale)),
            );
            return row;
          })),
    );
    this.list.querySelector('.current')?.scrollIntoView({ block: 'nearest' });
  }

  #hideList() {
    this.#found = [];
    this.list.replaceChildren();
  }

  #keyInPlain(event) {
    const { locale } = this.actions.context();
    if (this.#found.length > 0) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        this.#current = (this.#current + step + this.#found.length) % this.#found.length;
        return this.#drawList(locale);
      }
      if (event.key === 'Enter' || event.key === 'Tab') {
        event.preventDefault();
        return this.showCommand(this.#found[this.#current]);
      }
    }
    if (event.key === 'Escape') {
      return this.#hideList();
    }
    if (event.key === 'ArrowUp' && this.text.value === '' && this.#last) {
      event.preventDefault();
      const entry = this.entries.find((one) => one.path.join(' ') === this.#last.path);
      if (entry) {
        this.showCommand(entry, this.#last.values);
      }
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#sendPlain();
    }
  }

  async #sendPlain() {
    const content = this.text.value;
    if (content.startsWith('/') || (content.trim() === '' && this.#files.length === 0)) {
      return;
    }
    try {
      await this.actions.say(content, await Promise.all(this.#files.map(readFile)));
      this.say('');
      this.showPlain();
      this.text.focus();
    } catch (error) {
      this.say(error.message);
    }
  }
}
