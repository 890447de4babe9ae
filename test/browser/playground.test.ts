/** The whole application in a real browser: what a person who has just typed `npm start` can do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { browserPath, launchBrowser } from '../../scripts/browser.mjs';
import { type PlaygroundProcess, startPlayground } from '../../scripts/playground.mjs';
import { PlaygroundPage } from '../../scripts/playground-page.mjs';

const cli = join(inject('distDir'), 'cli', 'index.js');
const bundle = new URL('../fixtures/tiny-bundle', import.meta.url).pathname;

if (browserPath === undefined)
  console.warn('SKIPPED: no browser at /usr/bin/chromium; nobody has tried the playground (apt-get install chromium).');

// A browser, the bot and its painter at once: generous limits for a machine with two busy cores.
describe.skipIf(browserPath === undefined)('the bot in the playground', { timeout: 90_000 }, () => {
  let folder: string;
  let playground: PlaygroundProcess;
  let browser: Browser;
  let ground: PlaygroundPage;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tessera-browser-'));
    [playground, browser] = await Promise.all([startPlayground({ cli, bundle, folder, threads: 1 }), launchBrowser()]);
    const page = await browser.newPage({ locale: 'en-US', viewport: { width: 1100, height: 900 } });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(playground.url) && !request.url().startsWith('data:')) problems.push(request.url());
    });
    ground = new PlaygroundPage(page);
    await ground.open(playground.url);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await playground?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const messages = () => ground.page.locator('.message');
  /** The message that comes next, whatever it says. */
  async function next(act: () => Promise<void>) {
    const known = await messages().count();
    await act();
    return messages().nth(known);
  }

  it('paints what is asked for, with everything known about it', async () => {
    await ground.run('imagine', { prompt: 'a happy fox', seed: 42 });
    const grid = await ground.painted('a happy fox');
    await grid.getByRole('img', { name: '4 pictures: a happy fox' }).waitFor();
    const text = await grid.textContent();
    expect(text).toMatch(/Ada used \/imagine/);
    expect(text).toMatch(/Seed42Fit(-?\d\.\d\d( · )?){4}Time\d+\.\d sJob[0-9A-Z]{12}Asked by@Ada/);
    for (const label of ['U1', 'V2', 'V4+', '🎨', '⭐', '❌']) await ground.button(grid, label).waitFor();
    const size = await grid
      .locator('.files img')
      .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
    expect(size).toBeGreaterThan(0);
  });

  it('rerolls, varies and enlarges by buttons', async () => {
    const grid = await ground.painted('a happy fox');
    const rerolled = await next(() => ground.button(grid, '🔁').click());
    await ground.button(rerolled, 'U1').waitFor();
    expect(await rerolled.textContent()).not.toContain('Seed42');

    const varied = await next(() => ground.button(grid, 'V2+').click());
    await varied.getByText('Variation (strong) of picture 2').waitFor();
    await ground.button(varied, 'U1').waitFor();

    const large = await next(() => ground.button(varied, 'U3').click());
    await large.getByText('Picture 3, 1024 px').waitFor();
    expect(await large.getByRole('img', { name: 'Picture 3: a happy fox' }).count()).toBe(1);
  });

  it('paints another prompt with the kept seed from the form of 🎨', async () => {
    const grid = messages().filter({ hasText: 'a happy fox' }).first();
    await ground.button(grid, '🎨').click();
    const form = ground.page.getByRole('dialog', { name: 'Change the prompt' });
    expect(await form.getByLabel(/^Keep the seed/).inputValue()).toBe('42');
    await form.getByLabel(/^Prompt/).fill('a sad fox');
    await form.getByRole('button', { name: 'Submit' }).click();
    const edited = await ground.painted('a sad fox');
    expect(await edited.textContent()).toMatch(/Seed42/);
  });

  it('keeps by ⭐, deletes by ❌, and rerolls by a reaction', async () => {
    const edited = await ground.painted('a sad fox');
    const kept = await next(() => ground.button(edited, '⭐').click());
    await kept.getByText('Kept.').waitFor();
    const rerolled = await next(() => ground.react(edited, '🔁'));
    await ground.button(rerolled, 'U1').waitFor();
    await ground.button(rerolled, '❌').click();
    await ground.page.getByText('Deleted: job').waitFor();
    expect(await messages().filter({ hasText: 'a sad fox' }).count()).toBe(1);
  });

  it('lets a moderator set limits that hold at once, and says why to members', async () => {
    await ground.become('Mara');
    await ground.run('limits set', { pictures: 2, block: 'banana', buttons: 'only the requester' });
    const changed = await ground.message('Changed, effective at once');
    expect(await changed.textContent()).toMatch(/Pictures per prompt: 8 → 2/);

    await ground.become('Ben');
    await ground.run('imagine', { prompt: 'a dog', count: 3 });
    await ground.message('You can ask for up to 2 pictures at once here.');
    await ground.run('imagine', { prompt: 'a b4nan4', count: 1 });
    await ground.message('is not allowed here');
    await ground.button(messages().filter({ hasText: 'a sad fox' }), '🔁').click();
    await ground.message('Only @Ada or a moderator may do that.');
    await ground.type('/limits');
    await ground.page.getByText('No such command.').waitFor();
    await ground.run('imagine', { prompt: 'a cat', count: 2 });
    await ground.painted('a cat');

    await ground.become('Mara');
    await ground.run('limits history');
    const history = await ground.message(/@Mara.*Buttons: anyone → the requester/);
    expect(await history.textContent()).toMatch(/Pictures per prompt: 8 → 2/);
    await ground.run('limits pause');
    await ground.message('Painting is paused in this server.');
    await ground.become('Ada');
    await ground.run('imagine', { prompt: 'a tree', count: 1 });
    await ground.message('Moderators have paused painting in this server.');
    await ground.become('Mara');
    await ground.run('limits reset');
    await ground.message('are back to their defaults');
  });

  it('shows what members write as they wrote it, never as HTML or as a mention', async () => {
    await ground.become('Ada');
    const evil = '<img src=x onerror="document.title=1"> **bold** @everyone';
    await ground.run('imagine', { prompt: evil, count: 1 });
    const message = await ground.painted('<img src=x onerror="document.title=1"> **bold**');
    expect(await message.locator('img[src="x"], strong strong').count()).toBe(0);
    expect(await message.getAttribute('class')).not.toContain('pinged');
    expect(await ground.page.title()).toBe('#general · Playground');
  });

  it('did all that without an error in the browser or in the bot, and spoke to nobody else', async () => {
    expect(problems).toEqual([]);
    expect(playground.log()).not.toMatch(/"level":"(warn|error|fatal)"/);
    expect(await playground.stop()).toBe(0);
  });
});
