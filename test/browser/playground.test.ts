/** The whole application in a real browser: what a person who has just typed `npm start` can do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { browserPath, launchBrowser } from '../../scripts/browser.mjs';
import { type PlaygroundProcess, spawnPlayground } from '../../scripts/playground.mjs';
import { PlaygroundPage } from '../../scripts/playground-page.mjs';

const cli = join(inject('distDir'), 'cli', 'index.js');
const bundle = new URL('../fixtures/tiny-bundle', import.meta.url).pathname;

if (browserPath === undefined) {
  console.warn('SKIPPED: no browser at /usr/bin/chromium; nobody has tried the playground (apt-get install chromium).');
}

// A browser, the bot and its painter at once: generous limits for a machine with two busy cores.
describe.skipIf(browserPath === undefined)('the bot in the playground', { timeout: 90_000 }, () => {
  let folder: string;
  let playground: PlaygroundProcess;
  let browser: Browser;
  let chat: PlaygroundPage;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tessera-browser-'));
    [playground, browser] = await Promise.all([spawnPlayground({ cli, bundle, folder, threads: 1 }), launchBrowser()]);
    const page = await browser.newPage({ locale: 'en-US', viewport: { width: 1100, height: 900 } });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') {
        problems.push(message.text());
      }
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(playground.url) && !request.url().startsWith('data:')) {
        problems.push(request.url());
      }
    });
    chat = new PlaygroundPage(page);
    await chat.open(playground.url);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await playground?.stop();
    if (folder !== undefined) {
      rmSync(folder, { recursive: true });
    }
  });

  const messages = () => chat.page.locator('.message');
  /** The message that comes next, whatever it says. */
  async function next(act: () => Promise<void>) {
    const known = await messages().count();
    await act();
    return messages().nth(known);
  }

  it('paints what is asked for, with everything known about it', async () => {
    await chat.run('imagine', { prompt: 'a happy fox', seed: 42 });
    const grid = await chat.painted('a happy fox');
    await grid.getByRole('img', { name: '4 pictures: a happy fox' }).waitFor();
    const text = await grid.textContent();
    expect(text).toMatch(/Ada used \/imagine/);
    expect(text).toMatch(/Seed42Fit(-?\d\.\d\d( · )?){4}Time\d+\.\d sJob[0-9A-Z]{12}Asked by@Ada/);
    for (const label of ['U1', 'V2', 'V4+', '🎨', '⭐', '❌']) {
      await chat.button(grid, label).waitFor();
    }
    const size = await grid
      .locator('.files img')
      .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
    expect(size).toBeGreaterThan(0);
  });

  it('rerolls, varies and enlarges by buttons', async () => {
    const grid = await chat.painted('a happy fox');
    const rerolled = await next(() => chat.button(grid, '🔁').click());
    await chat.button(rerolled, 'U1').waitFor();
    expect(await rerolled.textContent()).not.toContain('Seed42');

    const varied = await next(() => chat.button(grid, 'V2+').click());
    await varied.getByText('Variation (strong) of picture 2').waitFor();
    await chat.button(varied, 'U1').waitFor();

    const large = await next(() => chat.button(varied, 'U3').click());
    await large.getByText('Picture 3, 1024 px').waitFor();
    expect(await large.getByRole('img', { name: 'Picture 3: a happy fox' }).count()).toBe(1);
  });

  it('paints another prompt with the kept seed from the form of 🎨', async () => {
    const grid = messages().filter({ hasText: 'a happy fox' }).first();
    await chat.button(grid, '🎨').click();
    const form = chat.page.getByRole('dialog', { name: 'Change the prompt' });
    expect(await form.getByLabel(/^Keep the seed/).inputValue()).toBe('42');
    await form.getByLabel(/^Prompt/).fill('a sad fox');
    await form.getByRole('button', { name: 'Submit' }).click();
    const edited = await chat.painted('a sad fox');
    expect(await edited.textContent()).toMatch(/Seed42/);
  });

  it('keeps by ⭐, deletes by ❌, and rerolls by a reaction', async () => {
    const edited = await chat.painted('a sad fox');
    const kept = await next(() => chat.button(edited, '⭐').click());
    await kept.getByText('Kept.').waitFor();
    const rerolled = await next(() => chat.react(edited, '🔁'));
    await chat.button(rerolled, 'U1').waitFor();
    await chat.button(rerolled, '❌').click();
    await chat.page.getByText('Deleted: job').waitFor();
    expect(await messages().filter({ hasText: 'a sad fox' }).count()).toBe(1);
  });

  it('lets a moderator set limits that hold at once, and says why to members', async () => {
    await chat.become('Mara');
    await chat.run('limits set', { pictures: 2, block: 'banana', buttons: 'only the requester' });
    const changed = await chat.message('Changed, effective at once');
    expect(await changed.textContent()).toMatch(/Pictures per prompt: 8 → 2/);

    await chat.become('Ben');
    await chat.run('imagine', { prompt: 'a dog', count: 3 });
    await chat.message('You can ask for up to 2 pictures at once here.');
    await chat.run('imagine', { prompt: 'a b4nan4', count: 1 });
    await chat.message('is not allowed here');
    await chat.button(messages().filter({ hasText: 'a sad fox' }), '🔁').click();
    await chat.message('Only @Ada or a moderator may do that.');
    await chat.type('/limits');
    await chat.page.getByText('No such command.').waitFor();
    await chat.run('imagine', { prompt: 'a cat', count: 2 });
    await chat.painted('a cat');

    await chat.become('Mara');
    await chat.run('limits history');
    const history = await chat.message(/@Mara.*Buttons: anyone → the requester/);
    expect(await history.textContent()).toMatch(/Pictures per prompt: 8 → 2/);
    await chat.run('limits pause');
    await chat.message('Painting is paused in this server.');
    await chat.become('Ada');
    await chat.run('imagine', { prompt: 'a tree', count: 1 });
    await chat.message('Moderators have paused painting in this server.');
    await chat.become('Mara');
    await chat.run('limits reset');
    await chat.message('are back to their defaults');
  });

  it('shows what members write as they wrote it, never as HTML or as a mention', async () => {
    await chat.become('Ada');
    const evil = '<img src=x onerror="document.title=1"> **bold** @everyone';
    await chat.run('imagine', { prompt: evil, count: 1 });
    const message = await chat.painted('<img src=x onerror="document.title=1"> **bold**');
    expect(await message.locator('img[src="x"], strong strong').count()).toBe(0);
    expect(await message.getAttribute('class')).not.toContain('pinged');
    expect(await chat.page.title()).toBe('#general · Playground');
  });

  it('did all that without an error in the browser or in the bot, and spoke to nobody else', async () => {
    expect(problems).toEqual([]);
    expect(playground.log()).not.toMatch(/"level":"(warn|error|fatal)"/);
    expect(await playground.stop()).toBe(0);
  });
});
