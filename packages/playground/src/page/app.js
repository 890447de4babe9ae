import { Composer } from './composer.js';
import { h } from './dom.js';
import { openForm } from './forms.js';
import { Live } from './live.js';
import { tickTimes } from './markdown.js';
import { MessageView } from './message.js';
import { localName } from './options.js';
import { enlarge, openMenu, pickEmoji } from './overlays.js';
import { closeSidebar, drawChannels, drawLocales, drawPeople, firstLocale, prepareSidebar } from './sidebar.js';

const find = (id) => document.getElementById(id);
const list = find('messages');
const GROUP_MS = 5 * 60_000;

const state = {
  world: null,
  channelId: null,
  locale: 'en-US',
  messages: new Map(),
  views: new Map(),
  dismissed: new Set(),
};
const live = new Live((event) => {
  if (state.world || event.type === 'state') {
    hear[event.type]?.(event);
  }
});

const channel = () => state.world.channels.find((one) => one.id === state.channelId) ?? state.world.channels[0];
const titleOf = (one) => (one.isDm ? `@${one.name}` : `#${one.name}`);
const where = () => ({ as: state.world.me, channel: state.channelId, locale: state.locale });

/** What drawing needs to know, and what clicks in messages do. */
const context = {
  get locale() {
    return state.locale;
  },
  get me() {
    return state.world.me;
  },
  get people() {
    return state.world.people;
  },
  get roles() {
    return state.world.roles;
  },
  get channels() {
    return state.world.channels;
  },
  get channelTitle() {
    return state.world ? titleOf(channel()) : '';
  },
  nameOf: (id) => state.world.names[id] ?? 'somebody',
  roleName: (id) => state.world.roles.find((one) => one.id === id)?.name ?? 'role',
  channelName: (id) => state.world.channels.find((one) => one.id === id)?.name ?? 'channel',
  enlarge,
  pickEmoji,
  react: (message, emoji, isOn) =>
    tell(message, live.act({ ...where(), kind: 'react', message: message.id, emoji, isOn })),
  dismiss: (message) => {
    state.dismissed.add(message.id);
    removeMessage(message.id);
  },
  use: (control, action) => {
    control.classList.add('busy');
    const done = live.act({ ...where(), ...action }).finally(() => control.classList.remove('busy'));
    tell({ id: action.message }, done.then(settle));
  },
  openMenu: (message, anchor, point) => {
    const commands = state.world.commands[state.channelId] ?? [];
    const apps = commands.filter((one) => one.type === 3);
    const run = (name) => () =>
      tell(message, live.act({ ...where(), kind: 'menu', name, target: message.id }).then(settle));
    openMenu(
      [
        { label: 'Add reaction', run: () => pickEmoji(anchor, (emoji) => context.react(message, emoji, true)) },
        ...(message.content
          ? [{ label: 'Copy text', run: () => navigator.clipboard?.writeText(message.content) }]
          : []),
        { label: 'Copy message id', run: () => navigator.clipboard?.writeText(message.id) },
        ...(apps.length > 0
          ? ['Apps', ...apps.map((one) => ({ label: localName(one, state.locale), run: run(one.name) }))]
          : []),
        {
          label: 'Delete message',
          isDanger: true,
          run: () => tell(message, live.act({ ...where(), kind: 'delete', message: message.id })),
        },
      ],
      anchor,
      point,
    );
  },
};

/** Shows under a message what went wrong with it. */
function tell(message, promise) {
  promise.catch((error) => state.views.get(message.id)?.say(error.message));
}

/** Takes an interaction's end: opens its form, or throws what Discord's app would write. */
async function settle(event) {
  if (!event) {
    return;
  }
  if (event.state === 'failed') {
    throw new Error(event.kind === 2 ? 'The application did not respond' : 'This interaction failed');
  }
  if (!event.modal) {
    return;
  }
  openForm(event.modal, context, async (values) => {
    await settle(await live.act({ ...where(), kind: 'submit', interaction: event.id, values }));
  });
}

const composer = new Composer(find('composer'), {
  context: () => context,
  commands: () => state.world?.commands[state.channelId] ?? [],
  say: (content, files) => live.act({ ...where(), kind: 'say', content, files }),
  run: async (name, options) => {
    // Discord's app clears the box at once and tells of a failure afterwards.
    const line = h('div', { class: 'sending' }, `Sending /${name}…`);
    list.append(line);
    scrollDown();
    try {
      await settle(await live.act({ ...where(), kind: 'slash', name, options }));
    } finally {
      line.remove();
    }
  },
  suggest: async (name, focused, options) =>
    (await live.act({ ...where(), kind: 'autocomplete', name, focused, options }))?.choices ?? [],
});

// ---- messages

const isAtEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 120;
/** Whether the reader is at the end, and stays there whatever grows. */
let isStuck = true;
function scrollDown() {
  isStuck = true;
  list.scrollTop = list.scrollHeight;
  find('to-newest').hidden = true;
}

function showMessage(message) {
  const inChannel = state.messages.get(message.channel_id) ?? new Map();
  state.messages.set(message.channel_id, inChannel.set(message.id, message));
  if (message.channel_id !== state.channelId || state.dismissed.has(message.id)) {
    return;
  }
  const known = state.views.get(message.id);
  if (known) {
    known.update(message);
  } else {
    const view = new MessageView(message, context);
    state.views.set(message.id, view);
    const sending = list.querySelector('.sending');
    if (sending) {
      sending.before(view.element);
    } else {
      list.append(view.element);
    }
    group(view);
  }
  if (isStuck) {
    requestAnimationFrame(scrollDown);
  } else if (!known) {
    find('to-newest').hidden = false;
  }
}

/** Consecutive messages of one author are shown under one head. */
function group(view) {
  const before = state.views.get(view.element.previousElementSibling?.dataset.id)?.message;
  const { message } = view;
  const isSame =
    before?.author.id === message.author.id && Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP_MS;
  view.element.classList.toggle('compact', Boolean(isSame && !message.interaction?.name && !message.message_reference));
}

function removeMessage(id) {
  const view = state.views.get(id);
  const next = view?.element.nextElementSibling;
  view?.element.remove();
  state.views.delete(id);
  const after = state.views.get(next?.dataset.id);
  if (after) {
    group(after);
  }
}

function showChannel(id) {
  state.channelId = id;
  state.views.clear();
  list.replaceChildren(
    h(
      'div',
      { class: 'beginning' },
      h('h2', {}, `Welcome to ${titleOf(channel())}`),
      h(
        'p',
        { class: 'quiet' },
        'This is a playground: a Discord of its own on this machine. Type / to see what the bot can do.',
      ),
    ),
  );
  for (const message of [...(state.messages.get(id)?.values() ?? [])]) {
    showMessage(message);
  }
  find('channel-name').textContent = titleOf(channel());
  find('new-thread').hidden = channel().isDm || channel().isThread;
  document.title = `${titleOf(channel())} · Playground`;
  drawChannels(state.world, id, showChannel);
  composer.say('');
  composer.showPlain();
  closeSidebar();
  scrollDown();
}

function become(id) {
  sessionStorage.setItem('person', id);
  live.connect(id);
}

function drawStatus(isConnected) {
  find('status').textContent = isConnected ? '' : 'The bot is not connected';
}

// ---- what the server tells

const hear = {
  state(world) {
    const isFirst = state.world === null;
    state.world = world;
    state.messages = new Map(
      Object.entries(world.messages).map(([id, all]) => [id, new Map(all.map((one) => [one.id, one]))]),
    );
    if (isFirst) {
      state.locale = firstLocale(world);
      drawLocales(world, state.locale);
    }
    find('server-name').textContent = world.guild.name;
    drawPeople(world, become);
    drawStatus(world.isBotConnected);
    const isHere = world.channels.some((one) => one.id === state.channelId);
    const wasDm = !isHere && state.channelId !== null;
    const next = isHere
      ? state.channelId
      : (world.channels.find((one) => (wasDm ? one.isDm : !one.isDm)) ?? world.channels[0]).id;
    showChannel(next);
  },
  message: ({ message }) => showMessage(message),
  delete({ id, channel: channelId }) {
    state.messages.get(channelId)?.delete(id);
    removeMessage(id);
  },
  channels({ channels }) {
    state.world.channels = channels;
    if (channels.some((one) => one.id === state.channelId)) {
      drawChannels(state.world, state.channelId, showChannel);
    } else {
      showChannel(channels[0].id);
    }
  },
  commands({ commands }) {
    state.world.commands = commands;
  },
  bot: ({ isConnected }) => drawStatus(isConnected),
  offline: () => {
    find('status').textContent = 'The playground has stopped. Trying again…';
  },
  typing({ channel: channelId, user }) {
    if (channelId !== state.channelId || user === state.world.me) {
      return;
    }
    find('typing').textContent = `${context.nameOf(user)} is typing…`;
    clearTimeout(hear.typingTimer);
    hear.typingTimer = setTimeout(() => {
      find('typing').textContent = '';
    }, 8_000);
  },
};

find('locale').addEventListener('change', ({ target }) => {
  state.locale = target.value;
  sessionStorage.setItem('locale', target.value);
  showChannel(state.channelId);
});
find('to-newest').addEventListener('click', scrollDown);
prepareSidebar();
find('new-thread').addEventListener('click', () => {
  const form = {
    title: 'New thread',
    components: [{ type: 1, components: [{ type: 4, custom_id: 'name', style: 1, label: 'Name', max_length: 100 }] }],
  };
  openForm(form, context, ({ name }) => live.act({ ...where(), kind: 'thread', name }));
});
// A file that is dropped on the channel goes into the box.
document.querySelector('main').addEventListener('dragover', (event) => event.preventDefault());
document.querySelector('main').addEventListener('drop', (event) => {
  event.preventDefault();
  composer.attach(event.dataTransfer.files);
});
list.addEventListener('scroll', () => {
  isStuck = isAtEnd();
  if (isStuck) {
    find('to-newest').hidden = true;
  }
});
// Pictures that arrive late push the end away; whoever was there stays there.
list.addEventListener('load', () => isStuck && scrollDown(), true);
new ResizeObserver(() => isStuck && scrollDown()).observe(list);
setInterval(() => tickTimes(state.locale), 1000);
live.connect(sessionStorage.getItem('person') ?? '');
