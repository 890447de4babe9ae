/** What the documents say of the default bundle is what the bundle says of itself. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../src/pipeline/bundle/bundle.js';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFile(resolve(root, path), 'utf8');
const percent = (share: number) => `${Math.round(100 * share)} %`;

describe('the default bundle’s figures', async () => {
  const { metrics, version, memory } = await readManifest(resolve(root, 'models/emoji'));
  const figures = ['named', 'namedSingle', 'namedCompositions', 'counted', 'coloured'].map((name) => {
    const value = metrics[name];
    if (typeof value !== 'number') {
      throw new Error(`Expected a number for ${name} in bundle.json but it has ${value}.`);
    }
    return [name, percent(value)] as const;
  });

  it.each(figures)('README and model card agree on %s: %s', async (_, figure) => {
    expect(await read('README.md')).toContain(figure);
    expect(await read('models/emoji/CARD.md')).toContain(figure);
  });

  it('README, card and changelog speak of the bundle that is there', async () => {
    expect(await read('models/emoji/CARD.md')).toContain(`# emoji ${version}`);
    expect(await read('CHANGELOG.md')).toContain(`\`models/emoji\` ${version}`);
    const pictures = memory?.pictureCount.toLocaleString('en');
    expect(await read('README.md')).toContain(`${pictures} openly licensed pictures`);
  });
});
