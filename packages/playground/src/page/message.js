import { components, embed, picture } from './components.js';
import { avatar, h, ownUrl, swapIn } from './dom.js';
import { markdown, timeText } from './markdown.js';

const FLAG = { ephemeral: 1 << 6, loading: 1 << 7, suppressEmbeds: 1 << 2 };
const SECTIONS = ['head', 'content', 'files', 'embeds', 'controls', 'reactions', 'foot'];

/** A message on the page; an edit redraws only the parts that changed. */
export class MessageView {
  #drawn = new Map();
  #parts = {};

  constructor(message, context) {
    this.context = context;
    for (const name of SECTIONS) {
      this.#parts[name] = h('div', { class: name });
    }
    const { head, ...rest } = this.#parts;
    this.used = h('div', { class: 'used' });
    this.notice = h('div', { class: 'notice', role: 'alert' });
    const isBot = message.author.bot === true;
    const column = h('div', { class: 'column' }, head, Object.values(rest), this.notice);
    const face = h('div', { class: 'face' }, avatar(message.author.id, context.nameOf(message.author.id), isBot));
    this.element = h(
      'article',
      { class: 'message', 'data-id': message.id, tabindex: '0' },
      this.used,
      face,
      column,
      this.#toolbar(),
    );
    this.element.addEventListener('contextmenu', (event) => {
      if (event.target.closest('a, input, textarea, select')) {
        return;
      }
      event.preventDefault();
      context.openMenu(this.message, this.element, event.clientX > 0 ? event : null);
    });
    this.update(message);
  }

  update(message) {
    const { context } = this;
    this.message = message;
    const isLoading = (message.flags & FLAG.loading) !== 0;
    const isHidden = (message.flags & FLAG.ephemeral) !== 0;
    const name = context.nameOf(message.author.id);
    this.element.classList.toggle('ephemeral', isHidden);
    this.element.classList.toggle(
      'pinged',
      message.mention_everyone || message.mentions.some(({ id }) => id === context.me),
    );
    this.element.setAttribute(
      'aria-label',
      `${name}: ${message.content.slice(0, 200) || (isLoading ? 'is thinking' : 'message')}`,
    );
    this.#draw(
      'used',
      [message.interaction?.name, message.referenced_message?.content, message.message_reference],
      () => this.#usedLine(message),
      this.used,
    );
    this.#draw('head', [name, message.timestamp], () => [
      h('span', { class: 'name' }, name),
      message.author.bot ? h('span', { class: 'tag' }, 'APP') : null,
      h(
        'time',
        {
          class: 'quiet',
          datetime: message.timestamp,
          title: new Date(message.timestamp).toLocaleString(context.locale),
        },
        timeText(Date.parse(message.timestamp) / 1000, 't', context.locale),
      ),
    ]);
    this.#draw('content', [message.content, isLoading, message.edited_timestamp !== null], () => {
      if (isLoading) {
        return [h('span', { class: 'thinking' }, h('i'), h('i'), h('i'), ` ${name} is thinking…`)];
      }
      const edited = message.edited_timestamp === null ? null : h('span', { class: 'edited' }, '(edited)');
      const body = markdown(message.content, context);
      if (edited && body.length > 0) {
        body[body.length - 1].append(' ', edited);
      }
      return body;
    });
    const isModern = (message.flags & (1 << 15)) !== 0;
    this.#draw('files', [isModern ? [] : message.attachments.map(({ id, description }) => [id, description])], () =>
      isModern ? [] : this.#files(message),
    );
    const embeds = message.flags & FLAG.suppressEmbeds ? [] : message.embeds;
    this.#draw('embeds', [embeds], () => embeds.map((one) => embed(one, context)));
    this.#draw('controls', [message.components], () => components(message, context));
    this.#draw('reactions', [message.reactions], () => (message.reactions ?? []).map((one) => this.#reaction(one)));
    this.#draw('foot', [isHidden], () =>
      isHidden
        ? [
            h('span', {}, '👁 Only you can see this · '),
            h('button', { type: 'button', class: 'plain', onclick: () => context.dismiss(message) }, 'Dismiss message'),
          ]
        : [],
    );
  }

  /** A line under the message that only this page shows, such as "This interaction failed". */
  say(text) {
    this.notice.textContent = text;
    clearTimeout(this.noticeTimer);
    if (text !== '') {
      this.noticeTimer = setTimeout(() => this.say(''), 12_000);
    }
  }

  #draw(name, facts, make, section = this.#parts[name]) {
    const drawn = JSON.stringify(facts);
    if (this.#drawn.get(name) === drawn) {
      return;
    }
    this.#drawn.set(name, drawn);
    swapIn(
      section,
      make().filter((node) => node !== null),
    );
  }

  #usedLine(message) {
    const { context } = this;
    if (message.interaction?.name) {
      const { user, name } = message.interaction;
      return [
        avatar(user.id, context.nameOf(user.id), false),
        h('span', {}, `${context.nameOf(user.id)} used `, h('span', { class: 'mention' }, `/${name}`)),
      ];
    }
    if (!message.message_reference) {
      return [];
    }
    const original = message.referenced_message;
    const text = original
      ? `${context.nameOf(original.author.id)}: ${original.content.slice(0, 120) || 'a picture'}`
      : 'Original message was deleted';
    return [h('span', { class: 'quiet' }, `↱ ${text}`)];
  }

  #files(message) {
    const isPicture = (file) => file.content_type?.startsWith('image/') && file.content_type !== 'image/svg+xml';
    const pictures = message.attachments.filter(isPicture);
    const others = message.attachments.filter((file) => !isPicture(file));
    const grid =
      pictures.length > 0
        ? [
            h(
              'div',
              { class: `gallery of-${Math.min(pictures.length, 4)}` },
              pictures.map((file) =>
                picture({ ...file, isSpoiler: file.filename.startsWith('SPOILER_') }, this.context),
              ),
            ),
          ]
        : [];
    return [
      ...grid,
      ...others.map((file) =>
        h(
          'a',
          { class: 'file', href: ownUrl(file.url), download: file.filename },
          `📄 ${file.filename} `,
          h('span', { class: 'quiet' }, bytesText(file.size)),
        ),
      ),
    ];
  }

  #reaction({ emoji, count, me }) {
    const onclick = () => this.context.react(this.message, emoji.name, !me);
    return h(
      'button',
      {
        type: 'button',
        class: me ? 'reaction mine' : 'reaction',
        'aria-pressed': String(me),
        'aria-label': `${emoji.name}, ${count}`,
        onclick,
      },
      `${emoji.name} `,
      h('b', {}, String(count)),
    );
  }

  #toolbar() {
    const { context } = this;
    const react = ({ currentTarget }) =>
      context.pickEmoji(currentTarget, (emoji) => context.react(this.message, emoji, true));
    const more = ({ currentTarget }) => context.openMenu(this.message, currentTarget, null);
    return h(
      'div',
      { class: 'toolbar' },
      h('button', { type: 'button', 'aria-label': 'Add reaction', title: 'Add reaction', onclick: react }, '☺'),
      h('button', { type: 'button', 'aria-label': 'More and apps', title: 'More and apps', onclick: more }, '⋯'),
    );
  }
}

const bytesText = (bytes) =>
  bytes < 1024
    ? `${bytes} bytes`
    : bytes < 1_048_576
      ? `${(bytes / 1024).toFixed(1)} KB`
      : `${(bytes / 1_048_576).toFixed(1)} MB`;
