import { h, ownUrl } from './dom.js';
import { markdown } from './markdown.js';

const BUTTON_STYLES = { 1: 'primary', 2: 'secondary', 3: 'success', 4: 'danger', 5: 'link', 6: 'premium' };

const LARGEST = { width: 520, height: 420 };

/** The size at which a picture fits into a message, with its own proportions; nothing where they are not known. */
function fitted(width, height) {
  if (!width || !height) {
    return {};
  }
  const scale = Math.min(1, LARGEST.width / width, LARGEST.height / height);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** A picture that opens large. */
export function picture({ url, description, width, height, isSpoiler }, context) {
  const src = ownUrl(url);
  const image = h('img', {
    src,
    alt: description ?? '',
    ...fitted(width, height),
    loading: 'eager',
    decoding: 'async',
  });
  const label = description ? `Enlarge: ${description}` : 'Enlarge picture';
  const button = h('button', { type: 'button', class: 'picture', 'aria-label': label, title: description }, image);
  if (isSpoiler) {
    button.classList.add('veiled');
  }
  button.addEventListener('click', () => {
    if (button.classList.contains('veiled')) {
      button.classList.remove('veiled');
    } else {
      context.enlarge(src, description ?? '');
    }
  });
  return button;
}

function button(component, message, context) {
  const face = [
    component.emoji?.name
      ? h('span', { class: 'emoji', 'aria-hidden': component.label ? 'true' : undefined }, component.emoji.name)
      : null,
    component.label ?? null,
  ];
  const style = BUTTON_STYLES[component.style] ?? 'secondary';
  if (component.style === 5) {
    return h(
      'a',
      { class: 'button link', href: component.url, target: '_blank', rel: 'noreferrer noopener' },
      face,
      ' ↗',
    );
  }
  const onclick = ({ currentTarget }) =>
    context.use(currentTarget, { kind: 'press', message: message.id, customId: component.custom_id });
  return h(
    'button',
    {
      type: 'button',
      class: `button ${style}`,
      disabled: component.disabled === true,
      'data-id': component.custom_id,
      onclick,
    },
    face,
  );
}

/** What a select menu offers: its own options, or people, roles and channels. */
function optionsOf(component, context) {
  if (component.type === 3) {
    return component.options;
  }
  const people = context.people.map(({ id, name }) => ({ value: id, label: name }));
  const roles = context.roles.map(({ id, name }) => ({ value: id, label: `@${name}` }));
  if (component.type === 5) {
    return people;
  }
  if (component.type === 6) {
    return roles;
  }
  if (component.type === 7) {
    return [...people, ...roles];
  }
  return context.channels.filter((one) => !one.isDm).map(({ id, name }) => ({ value: id, label: `#${name}` }));
}

const optionText = ({ emoji, label, description }) =>
  `${emoji?.name ? `${emoji.name} ` : ''}${label}${description ? ` (${description})` : ''}`;

function select(component, message, context) {
  const options = optionsOf(component, context);
  const placeholder = component.placeholder ?? 'Choose…';
  const most = Math.min(component.max_values ?? 1, options.length);
  const send = (target, values) =>
    context.use(target, { kind: 'select', message: message.id, customId: component.custom_id, values });
  if (most <= 1) {
    const list = h(
      'select',
      {
        class: 'menu',
        disabled: component.disabled === true,
        'aria-label': placeholder,
        'data-id': component.custom_id,
      },
      h('option', { value: '' }, placeholder),
      options.map((one) => h('option', { value: one.value, selected: one.default === true }, optionText(one))),
    );
    list.addEventListener('change', () => {
      if (list.value === '') {
        return;
      }
      send(list, [list.value]);
      if (!options.some((one) => one.default)) {
        list.value = '';
      }
    });
    return list;
  }
  const boxes = options.map((one) => h('input', { type: 'checkbox', value: one.value, checked: one.default === true }));
  const done = h('button', { type: 'button', class: 'button primary' }, 'Done');
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const check = () => {
    done.disabled = chosen().length < (component.min_values ?? 1) || chosen().length > most;
  };
  done.addEventListener('click', () => send(done, chosen()));
  for (const box of boxes) {
    box.addEventListener('change', check);
  }
  check();
  return h(
    'details',
    { class: 'menu many', 'data-id': component.custom_id },
    h('summary', {}, placeholder),
    h(
      'div',
      { class: 'choices' },
      boxes.map((box, index) => h('label', {}, box, ' ', optionText(options[index]))),
      done,
    ),
  );
}

/** One component of a message, of the old or the new kind. */
function component(one, message, context) {
  switch (one.type) {
    case 1:
      return h(
        'div',
        { class: 'row' },
        one.components.map((inner) => component(inner, message, context)),
      );
    case 2:
      return button(one, message, context);
    case 3:
    case 5:
    case 6:
    case 7:
    case 8:
      return select(one, message, context);
    case 9:
      return h(
        'div',
        { class: 'section' },
        h(
          'div',
          {},
          one.components.map((inner) => component(inner, message, context)),
        ),
        component(one.accessory, message, context),
      );
    case 10:
      return h('div', { class: 'text' }, markdown(one.content, context));
    case 11:
      return h(
        'div',
        { class: 'thumbnail' },
        picture({ ...one.media, description: one.description, isSpoiler: one.spoiler }, context),
      );
    case 12:
      return h(
        'div',
        { class: `gallery of-${Math.min(one.items.length, 4)}` },
        one.items.map((item) =>
          picture({ ...item.media, description: item.description, isSpoiler: item.spoiler }, context),
        ),
      );
    case 13:
      return h(
        'a',
        { class: 'file', href: ownUrl(one.file.url), download: '' },
        '📄 ',
        one.file.url.split('/').pop().split('?')[0],
      );
    case 14:
      return one.divider === false
        ? h('div', { class: `gap-${one.spacing ?? 1}` })
        : h('hr', { class: `gap-${one.spacing ?? 1}` });
    case 17: {
      const box = h(
        'div',
        { class: 'container' },
        one.components.map((inner) => component(inner, message, context)),
      );
      if (one.accent_color) {
        box.style.setProperty('--accent', `#${one.accent_color.toString(16).padStart(6, '0')}`);
      }
      return box;
    }
    default:
      return h('div', { class: 'quiet' }, `A component of type ${one.type}`);
  }
}

/** All components of a message. */
export const components = (message, context) => message.components.map((one) => component(one, message, context));

/** An embed with its coloured edge. */
export function embed(one, context) {
  const box = h(
    'div',
    { class: 'embed' },
    h(
      'div',
      { class: 'embed-text' },
      one.author ? h('div', { class: 'embed-author' }, one.author.name) : null,
      one.title
        ? h(
            'div',
            { class: 'embed-title' },
            one.url
              ? h('a', { href: one.url, target: '_blank', rel: 'noreferrer noopener' }, one.title)
              : markdown(one.title, context),
          )
        : null,
      one.description ? h('div', { class: 'embed-description' }, markdown(one.description, context)) : null,
      one.fields?.length
        ? h(
            'div',
            { class: 'fields' },
            one.fields.map((field) =>
              h(
                'div',
                { class: field.inline ? 'field inline' : 'field' },
                h('div', { class: 'field-name' }, markdown(field.name, context)),
                markdown(field.value, context),
              ),
            ),
          )
        : null,
    ),
    one.thumbnail ? h('div', { class: 'thumbnail' }, picture(one.thumbnail, context)) : null,
    one.image ? h('div', { class: 'embed-image' }, picture(one.image, context)) : null,
    one.footer || one.timestamp
      ? h(
          'div',
          { class: 'embed-footer' },
          [one.footer?.text, one.timestamp ? new Date(one.timestamp).toLocaleString(context.locale) : null]
            .filter(Boolean)
            .join(' • '),
        )
      : null,
  );
  if (one.color) {
    box.style.setProperty('--accent', `#${one.color.toString(16).padStart(6, '0')}`);
  }
  return box;
}
