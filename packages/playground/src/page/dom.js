/**
 * Makes an element. Children that are strings become text nodes, so nothing that members type is ever read as HTML.
 * `on…` properties are listeners; `class`, `aria-*`, `data-*` and the rest are attributes; true and false toggle.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) {
      continue;
    }
    if (key.startsWith('on')) {
      element.addEventListener(key.slice(2), value);
    } else if (key === 'value') {
      element.value = value;
    } else {
      element.setAttribute(key, value === true ? '' : String(value));
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The same machine under whatever name the page was opened: pictures come from the page's own origin. */
export function ownUrl(url) {
  try {
    const { pathname, search, protocol, hostname, href } = new URL(url, location.href);
    if (hostname === '127.0.0.1' || hostname === 'localhost') {
      return pathname + search;
    }
    return protocol === 'https:' || protocol === 'http:' ? href : '';
  } catch {
    return '';
  }
}

/**
 * Puts new content in place. Where there was something already, its pictures stay until the new ones can be painted,
 * so that a picture that is edited again and again does not flicker.
 */
export function swapIn(section, nodes) {
  section.swap = (section.swap ?? 0) + 1;
  const turn = section.swap;
  const put = () => {
    if (section.swap === turn) {
      section.replaceChildren(...nodes);
    }
  };
  const pictures = nodes.flatMap((node) => (node.querySelectorAll ? [...node.querySelectorAll('img')] : []));
  if (pictures.length === 0 || !section.querySelector('img')) {
    return put();
  }
  const late = new Promise((resolve) => setTimeout(resolve, 2000));
  Promise.race([Promise.allSettled(pictures.map((picture) => picture.decode())), late]).then(put);
}

/** A colour that a person keeps. */
export function hueOf(id) {
  // Ids made one after the other get colours far apart.
  return (Number(BigInt(id) % 1009n) * 137) % 360;
}

/** A round picture with a person's initial; the bot has its sign. */
export function avatar(id, name, isBot) {
  if (isBot) {
    return h('img', { class: 'avatar', src: 'icon.svg', alt: '' });
  }
  const circle = h('span', { class: 'avatar', 'aria-hidden': 'true' }, (name[0] ?? '?').toUpperCase());
  circle.style.setProperty('--hue', hueOf(id));
  return circle;
}
