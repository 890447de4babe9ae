import { h } from './dom.js';

/** A picture in full size; Escape or a click closes it. */
export function enlarge(src, alt) {
  const dialog = h(
    'dialog',
    { class: 'viewer', 'aria-label': alt || 'Picture' },
    h('img', { src, alt }),
    h(
      'div',
      { class: 'caption' },
      alt ? h('p', {}, alt) : null,
      h('a', { href: src, target: '_blank', rel: 'noreferrer noopener' }, 'Open in a new tab'),
    ),
  );
  dialog.addEventListener('click', ({ target }) => {
    if (target.tagName !== 'A') {
      dialog.close();
    }
  });
  open(dialog);
}

/** Shows a dialog and takes it away once closed. */
export function open(dialog) {
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Places a floating box next to an element or at the pointer, inside the window. */
function float(box, anchor, point) {
  for (const other of document.querySelectorAll('.floating')) {
    other.remove();
  }
  document.body.append(box);
  const place = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(point ? point.clientX : place.right - width, innerWidth - width - 8);
  const below = point ? point.clientY : place.bottom + 4;
  const top = below + height > innerHeight - 8 ? Math.max(8, (point ? point.clientY : place.top) - height - 4) : below;
  box.style.left = `${Math.max(8, left)}px`;
  box.style.top = `${top}px`;
  const shut = (event) => {
    if (event.type === 'keydown' && event.key !== 'Escape') {
      return;
    }
    if (event.type === 'pointerdown' && box.contains(event.target)) {
      return;
    }
    close();
    if (event.type === 'keydown') {
      anchor.focus?.();
    }
  };
  const close = () => {
    box.remove();
    removeEventListener('pointerdown', shut, true);
    removeEventListener('keydown', shut, true);
  };
  addEventListener('pointerdown', shut, true);
  addEventListener('keydown', shut, true);
  return close;
}

/** Arrow keys walk through the buttons of a box. */
function walkable(box) {
  box.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const buttons = [...box.querySelectorAll('button')];
    if (!step || buttons.length === 0 || event.target.tagName === 'INPUT') {
      return;
    }
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length].focus();
  });
}

/** A menu of `{ label, run, isDanger }` and headings (plain strings). */
export function openMenu(entries, anchor, point) {
  const box = h('div', { class: 'floating menu-box', role: 'menu' });
  let close = () => {};
  for (const entry of entries) {
    if (typeof entry === 'string') {
      box.append(h('div', { class: 'menu-heading' }, entry));
      continue;
    }
    const onclick = () => {
      close();
      entry.run();
    };
    box.append(
      h(
        'button',
        { type: 'button', role: 'menuitem', class: entry.isDanger ? 'danger' : undefined, onclick },
        entry.label,
      ),
    );
  }
  walkable(box);
  close = float(box, anchor, point);
  box.querySelector('button')?.focus();
}

const EMOJI = [...new Intl.Segmenter().segment('🔁⭐❌👍👎❤️😂😮😢🎉🔥👀🎨🖼️✨🦊🐱🐶🌈🍕')].map(({ segment }) => segment);

/** A small choice of emoji, and a field for any other. */
export function pickEmoji(anchor, onPick) {
  let close = () => {};
  const pick = (emoji) => {
    close();
    onPick(emoji);
  };
  const other = h('input', { type: 'text', placeholder: 'any emoji', 'aria-label': 'Another emoji', maxlength: '20' });
  other.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && other.value.trim() !== '') {
      pick(other.value.trim());
    }
  });
  const box = h(
    'div',
    { class: 'floating emoji-box', role: 'dialog', 'aria-label': 'Add reaction' },
    h(
      'div',
      { class: 'emoji-grid' },
      EMOJI.map((emoji) => h('button', { type: 'button', 'aria-label': emoji, onclick: () => pick(emoji) }, emoji)),
    ),
    other,
  );
  walkable(box);
  close = float(box, anchor, null);
  box.querySelector('button').focus();
}
