import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { browserPath, launchBrowser } from '../../../scripts/browser.mjs';
import { type PlaygroundServer, startPlayground } from '../src/server.js';
import { EchoBot, PIXEL } from './echo-bot.js';
import { restClient } from './rest-client.js';

let server: PlaygroundServer;
let bot: EchoBot;

beforeAll(async () => {
  server = await startPlayground({ port: 0, limits: { enforceRateLimits: false } });
  bot = new EchoBot(server);
  await bot.start(server);
  await bot.register();
});

afterAll(async () => {
  await bot.client.destroy();
  await server.close();
});

describe('the page answers only itself', () => {
  const act = (headers: Record<string, string>, body = '{"kind":"say"}') =>
    fetch(`${server.pageUrl}page/act`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  it('refuses other origins and other names for this machine', async () => {
    expect((await act({})).status).toBe(403);
    expect((await act({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await act({ origin: server.pageUrl.slice(0, -1), 'content-type': 'text/plain' })).status).toBe(403);
    expect((await act({ origin: server.pageUrl.slice(0, -1) })).status).toBe(400);
    expect((await act({ origin: server.pageUrl.slice(0, -1) }, '{{')).status).toBe(400);
    expect((await rawGet('evil.example')).startsWith('HTTP/1.1 421')).toBe(true);
    expect((await rawGet(`127.0.0.1:${server.port}`)).startsWith('HTTP/1.1 200')).toBe(true);
  });

  it.each(['page/live', 'gateway', '/', '/evil.example', '//:0', '?%', 'page/%zz'])(
    'refuses a WebSocket to /%s from another page',
    async (path) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/${path}`, { origin: 'https://evil.example' });
      await expect(
        new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject)),
      ).rejects.toThrow();
    },
  );

  it('serves its own files, nothing beside them, and forbids all foreign content', async () => {
    const index = await fetch(server.pageUrl);
    expect(index.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const path of ['..%2fserver.ts', 'server.js', 'page', '%2e%2e/world.js']) {
      expect((await fetch(`${server.pageUrl}${path}`)).status).toBe(404);
    }
  });

  async function rawGet(host: string): Promise<string> {
    const { connect } = await import('node:net');
    return new Promise((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
      );
      let text = '';
      socket.on('data', (data) => {
        text += data.toString();
      });
      socket.on('end', () => resolve(text)).on('error', reject);
    });
  }
});

if (browserPath === undefined) {
  console.warn('SKIPPED: no browser at /usr/bin/chromium; the page itself was not tested (apt-get install chromium).');
}

describe.skipIf(browserPath === undefined)('the page in a browser', () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage({ locale: 'en-US', viewport: { width: 1100, height: 800 } });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') {
        problems.push(message.text());
      }
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.pageUrl) && !request.url().startsWith('data:')) {
        problems.push(request.url());
      }
    });
    await page.goto(server.pageUrl);
    await page.getByRole('heading', { name: '#general', exact: true }).waitFor();
  });

  afterAll(() => browser?.close());

  const messageBox = () => page.getByRole('textbox', { name: 'Message #general' });

  it('runs a command by keyboard alone and shows the picture', async () => {
    await messageBox().fill('/');
    await page.getByRole('option', { name: /echo/ }).waitFor();
    await messageBox().press('Enter');
    await page.keyboard.type('a happy fox');
    await page.keyboard.press('Enter');
    const message = page.locator('.message', { hasText: 'a happy fox' }).last();
    await message.getByRole('button', { name: 'Enlarge: A picture' }).click();
    await page.getByRole('dialog', { name: 'A picture' }).waitFor();
    await page.keyboard.press('Escape');
    await message.getByText('Ada used').waitFor();
  });

  it('presses buttons, fills in forms, chooses from menus', async () => {
    const [first] = server.driver.messages().filter((one) => one.content === 'a happy fox');
    const message = page.locator(`.message[data-id="${first?.id}"]`);
    await message.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: 'Edit' });
    await form.getByLabel('Text').fill('a sad fox');
    await form.getByRole('button', { name: 'Submit' }).click();
    await page.getByText('now: a sad fox').waitFor();
    await message.getByRole('button', { name: 'Hush' }).click();
    await page.getByText('Only you can see this').waitFor();
    await message.getByLabel('Choose one').selectOption('2');
    await page.getByText('chose 2').waitFor();
  });

  it('switches persons: ephemeral messages stay with their owner, moderators see more commands', async () => {
    await page.getByRole('button', { name: 'Mara (moderator)' }).click();
    await page.getByRole('button', { name: 'Mara (moderator)', pressed: true }).waitFor();
    await page.getByText('Only you can see this').waitFor({ state: 'detached' });
    await messageBox().fill('/settings set 5');
    await page.getByLabel('value').fill('5');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('set to 5').waitFor();
    await page.getByRole('button', { name: 'Ada' }).click();
    await page.getByRole('button', { name: 'Ada', pressed: true }).waitFor();
    await page.getByText('set to 5').waitFor({ state: 'detached' });
  });

  it('reacts, and undoes it with a second click', async () => {
    const said = server.driver.say('react to me', { as: 'ben' });
    const message = page.locator(`.message[data-id="${said.id}"]`);
    await message.hover();
    await message.getByRole('button', { name: 'Add reaction' }).click();
    await page.getByRole('button', { name: '⭐', exact: true }).click();
    await message.getByRole('button', { name: '⭐, 1', pressed: true }).click();
    await server.driver.waitForEdit(said, (seen) => !seen.reactions);
  });

  it('runs apps on a message from its menu', async () => {
    const said = server.driver.say('say me again', { as: 'ben' });
    await page.locator(`.message[data-id="${said.id}"]`).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Repeat this' }).click();
    await page.getByText('again: say me again').waitFor();
  });

  it('offers suggestions and sends files', async () => {
    await messageBox().fill('/echo with a file');
    await page.getByRole('button', { name: '+ style' }).click();
    await page.getByRole('combobox', { name: 'style' }).fill('lo');
    await page.getByRole('option', { name: 'loud' }).click();
    await page.getByRole('button', { name: '+ file' }).click();
    await page
      .getByLabel('file')
      .setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
    await page.getByRole('button', { name: 'Send' }).click();
    const reply = await server.driver.waitForMessage(
      (message) => message.content === 'with a file' && message.attachments.length > 0,
    );
    expect(Buffer.from(await server.driver.download(reply.attachments[0]?.url ?? '')).toString()).toBe('hello');
  });

  it('keeps the old picture until the new one is there, edit after edit', async () => {
    const call = restClient(server);
    const path = `/channels/${server.driver.channel().id}/messages`;
    const made = await call('POST', path, { content: 'painting' }, { files: [['0.png', PIXEL]] });
    const files = page.locator(`.message[data-id="${made.json.id}"] .files`);
    await files.locator('img').waitFor();
    await page.evaluate(`{
      const section = document.querySelector('[data-id="${made.json.id}"] .files');
      section.dataset.least = '9';
      new MutationObserver(() => {
        section.dataset.least = Math.min(section.dataset.least, section.querySelectorAll('img').length);
      }).observe(section, { childList: true });
    }`);
    for (let step = 1; step <= 4; step++) {
      await call(
        'PATCH',
        `${path}/${made.json.id}`,
        { attachments: [{ id: '0', description: `step ${step}` }] },
        { files: [['p.png', PIXEL]] },
      );
    }
    await files.getByRole('img', { name: 'step 4' }).waitFor();
    expect(await files.getAttribute('data-least')).toBe('1');
  });

  it('counts times down', async () => {
    const said = server.driver.say(`ready <t:${Math.floor(Date.now() / 1000) + 30}:R>`, { as: 'ben' });
    const time = page.locator(`.message[data-id="${said.id}"] .content time`);
    const first = await time.textContent();
    expect(first).toMatch(/^in \d+ seconds$/);
    await expect.poll(() => time.textContent(), { timeout: 5_000 }).not.toBe(first);
  });

  it('never reads what members type as HTML', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script> [x](javascript:alert(1))';
    server.driver.say(evil, { as: 'ben' });
    await page.getByText('<script>document.title=2</script>').waitFor();
    expect(await page.title()).toContain('#general');
    expect(await page.locator('.message a[href^="javascript"]').count()).toBe(0);
  });

  it('says so when the bot does not answer', async () => {
    await messageBox().fill('/echo silence');
    await page.getByRole('button', { name: '+ mode' }).click();
    await page.getByLabel('mode').selectOption({ label: 'Never' });
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('The application did not respond').waitFor();
    await page.getByRole('button', { name: 'Leave the command' }).click();
  });

  it('fits a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    await page.getByRole('button', { name: 'Channels and people' }).click();
    await page.getByRole('button', { name: 'gallery' }).click();
    await page.getByRole('heading', { name: '#gallery', exact: true }).waitFor();
    await page.setViewportSize({ width: 1100, height: 800 });
  });

  it('did all that without an error, and spoke to nobody else', () => {
    expect(problems).toEqual([]);
    expect(bot.errors).toEqual([]);
  });
});
