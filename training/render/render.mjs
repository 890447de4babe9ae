// Renders the icon packages to one flat file of pixels and one line of JSON per picture.
//
//   node render.mjs <folder> [size=128]
//
// <folder>/pictures.u8     size × size × 4 bytes a picture, RGBA, straight (not premultiplied) alpha
// <folder>/pictures.jsonl  {index, set, style, name, hexcode, licence, author} a picture
//
// Skin-tone repeats, country flags, keycaps and blank pictures are dropped: they would be
// a third of the data and teach the model almost nothing that it does not learn elsewhere.
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** The sets, each with the words that members use to ask for its look. No share-alike set is used. */
const SETS = {
  noto: 'noto',
  'noto-v1': 'blob',
  twemoji: 'twemoji',
  'fluent-emoji': '3d',
  'fluent-emoji-flat': 'flat',
  emojione: 'classic',
  fxemoji: 'fx',
  'streamline-emojis': 'outline',
  'flat-color-icons': 'icon',
};

const SKIN_TONE =
  /(-(medium-light|medium-dark|light|medium|dark))(-skin-tone)?(-(medium-light|medium-dark|light|medium|dark)(-skin-tone)?)?$/;
const KEPT_FLAGS =
  /^(chequered|checkered|triangular|white|black|rainbow|pirate|crossed|transgender)-?flags?$|^flag-in-hole$/;

/** Whether a picture of this name is left out of the data. `names` are all names of its set. */
export function isDropped(name, names) {
  // "selfie-medium-light" repeats "selfie"; "traffic-light" repeats nothing.
  if (/skin-tone/.test(name) || (SKIN_TONE.test(name) && names.has(name.replace(SKIN_TONE, '')))) {
    return true;
  }
  if (/(^|-)flags?(-|$)/.test(name) && !KEPT_FLAGS.test(name)) {
    return true;
  }
  return /keycap|regional-?indicator|logo|^tag-|^variation-selector/.test(name);
}

/** Makes a standalone SVG of one Iconify icon. Size and position fall back to the set's own. */
function toSvg(set, icon, size) {
  const width = icon.width ?? set.width ?? 16;
  const height = icon.height ?? set.height ?? 16;
  const box = [icon.left ?? set.left ?? 0, icon.top ?? set.top ?? 0, width, height].join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${size}" height="${size}" viewBox="${box}">${icon.body.replaceAll('currentColor', '#222')}</svg>`;
}

async function renderOne(svg, size) {
  // Twice the size and then down: thin strokes keep their weight.
  const { data } = await sharp(Buffer.from(svg), { density: 144, unlimited: true })
    .resize(size, size, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return data;
}

function isBlank(pixels) {
  let opaque = 0;
  for (let i = 3; i < pixels.length; i += 4) {
    if (pixels[i] > 64) {
      opaque += 1;
    }
  }
  return opaque < pixels.length / 4 / 100;
}

async function main() {
  const folder = process.argv[2];
  const size = Number(process.argv[3] ?? 128);
  if (!folder) {
    throw new Error('expected a folder to write to: node render.mjs <folder> [size]');
  }
  mkdirSync(folder, { recursive: true });
  const pixelsOut = createWriteStream(join(folder, 'pictures.u8'));
  const lines = [];
  for (const [prefix, style] of Object.entries(SETS)) {
    const root = join(import.meta.dirname, 'node_modules', '@iconify-json', prefix);
    const set = JSON.parse(readFileSync(join(root, 'icons.json'), 'utf8'));
    const info = JSON.parse(readFileSync(join(root, 'info.json'), 'utf8'));
    let hexcodes = {};
    try {
      const chars = JSON.parse(readFileSync(join(root, 'chars.json'), 'utf8'));
      hexcodes = Object.fromEntries(Object.entries(chars).map(([hex, name]) => [name, hex]));
    } catch (error) {
      if (error.code !== 'ENOENT') {
        throw error; // a set of icons has no code points
      }
    }
    const all = new Set(Object.keys(set.icons));
    const names = [...all].filter((name) => !set.icons[name].hidden && !isDropped(name, all));
    let kept = 0;
    for (let at = 0; at < names.length; at += 16) {
      const slice = names.slice(at, at + 16);
      const rendered = await Promise.all(
        slice.map((name) =>
          renderOne(toSvg(set, set.icons[name], size), size).catch((error) => {
            process.stderr.write(`\n${prefix}:${name} left out: ${error.message}\n`);
            return undefined;
          }),
        ),
      );
      for (const [i, pixels] of rendered.entries()) {
        if (!pixels || isBlank(pixels)) {
          continue;
        }
        const name = slice[i];
        lines.push(
          JSON.stringify({
            index: lines.length,
            set: prefix,
            style,
            name,
            hexcode: hexcodes[name] ?? null,
            licence: info.license.spdx,
            author: info.author.name,
          }),
        );
        if (!pixelsOut.write(pixels)) {
          await new Promise((done) => pixelsOut.once('drain', done));
        }
        kept += 1;
      }
      process.stderr.write(`\r${prefix.padEnd(20)} ${Math.min(at + 16, names.length)}/${names.length}`);
    }
    process.stderr.write(`\r${prefix.padEnd(20)} ${kept} pictures of ${names.length} names\n`);
  }
  await new Promise((done) => pixelsOut.end(done));
  writeFileSync(join(folder, 'pictures.jsonl'), `${lines.join('\n')}\n`);
  process.stderr.write(`${lines.length} pictures in ${folder}\n`);
}

await main();
