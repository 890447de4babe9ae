// Takes every picture of docs/images anew, with the sources as they are now and the default bundle:
//   node scripts/screenshots.mjs
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { launchBrowser } from './browser.mjs';
import { spawnPlayground } from './playground.mjs';
import { PlaygroundPage } from './playground-page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = join(root, 'docs', 'images');
const WIDE = { width: 1280, height: 1166 };
const COMMAND = { width: 960, height: 900 };
const PHONE = { width: 390, height: 844 };
const MAX_BYTES = 150_000;
/** The page's own background, as a frame around its parts. */
const FRAME = { top: 10, bottom: 10, left: 10, right: 10, background: '#2f3036' };

const started = Date.now();
const seconds = () => ((Date.now() - started) / 1000).toFixed(0);

/** Compiles the sources into a folder of their own: a dist/ that is missing or old does not matter. */
function compile() {
  const folder = join(root, 'dist', `.screenshots-${process.pid}`);
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', folder];
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  cpSync(join(root, 'src', 'playground', 'page'), join(folder, 'playground', 'page'), { recursive: true });
  return folder;
}

/** Few enough colours that a page of them loads quickly. */
async function save(name, png) {
  for (const colours of [256, 128, 64]) {
    const small = await sharp(png).png({ palette: true, colours, effort: 7 }).toBuffer();
    if (small.length > MAX_BYTES && colours > 64) {
      continue;
    }
    writeFileSync(join(images, `${name}.png`), small);
    console.log(`${seconds()} s docs/images/${name}.png ${(small.length / 1024).toFixed(0)} KB`);
    return;
  }
}

/** Photographs what is on the page. */
class Camera {
  constructor(page) {
    this.page = page;
    this.ground = new PlaygroundPage(page);
  }

  /** The whole page, scrolled to where a message begins. */
  async from(name, message) {
    await this.#rest();
    await message.evaluate((element) => element.scrollIntoView({ block: 'start' }));
    await this.#rest();
    await save(name, await this.page.screenshot());
  }

  /** The smallest part of the page that shows all of these elements. */
  async of(name, ...elements) {
    await elements[0].scrollIntoViewIfNeeded();
    await this.#rest();
    const boxes = await Promise.all(elements.map((element) => element.boundingBox()));
    const { width, height } = this.page.viewportSize();
    const left = Math.max(0, Math.min(...boxes.map((box) => box.x)));
    const top = Math.max(0, Math.min(...boxes.map((box) => box.y)));
    const right = Math.min(width, Math.max(...boxes.map((box) => box.x + box.width)));
    const bottom = Math.min(height, Math.max(...boxes.map((box) => box.y + box.height)));
    const clip = { x: left, y: top, width: right - left, height: bottom - top };
    const part = await this.page.screenshot({ clip });
    await save(name, await sharp(part).extend(FRAME).toBuffer());
  }

  /** No pointer over anything, pictures in place, everything moved to where it stays. */
  async #rest() {
    await this.page.mouse.move(0, 0);
    await this.page.waitForTimeout(150);
  }
}

/** What is asked for, what comes, what its buttons do. Whatever is painted is photographed later, to lose no time. */
async function pictures(camera, folder) {
  const { ground, page } = camera;
  const composer = page.locator('#composer');
  await ground.type('/');
  await camera.of('commands', page.locator('#command-list'), composer);
  const wish = { prompt: 'a happy fox with sunglasses', count: 4, seed: 7, style: '3d', size: '128 px' };
  const first = await ground.prepare('imagine', wish);
  await camera.of('imagine', composer);
  await first.getByRole('button', { name: 'Send' }).click();
  const fox = await ground.painted(wish.prompt);
  await ground.become('Ben');
  await ground.run('imagine', { prompt: 'a slice of pizza', seed: 11 });
  await ground.react(fox, '⭐');
  const pizza = await ground.painted('a slice of pizza');
  await ground.become('Ada');

  await ground.button(fox, 'U1').click();
  const large = await ground.message('Picture 1, 1024 px');
  await camera.of('upscaled', large);
  const file = join(folder, 'picture.png');
  const address = await large.locator('.files img').evaluate((image) => image.src);
  writeFileSync(file, Buffer.from(await (await fetch(address)).arrayBuffer()));
  await ground.button(pizza, 'V1+').click();
  await ground.run('vary', { image: file, count: 2 });

  await camera.of('grid', fox);
  await page.setViewportSize(WIDE);
  await camera.from('playground', fox);
  await page.setViewportSize(PHONE);
  await camera.from('phone', pizza);
  await page.setViewportSize(COMMAND);

  await ground.button(fox, '🎨').click();
  await camera.of('edit', page.getByRole('dialog', { name: 'Change the prompt' }));
  await page.keyboard.press('Escape');
  await fox.locator('.files').click({ button: 'right', position: { x: 230, y: 30 } });
  await camera.of('menu', fox.locator('.files'), page.getByRole('menu'));
  await page.keyboard.press('Escape');
  await ground.button(fox, '⭐').click();
  await camera.of('kept', await ground.message('Kept.'));
  await ground.prepare('show', { job: 'fox' });
  await page.getByRole('option', { name: /fox/ }).waitFor();
  await camera.of('show', page.locator('.suggestions'), composer);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Leave the command' }).click();
  await ground.run('info');
  await camera.of('info', await ground.message('About me'));
  await ground.run('help');
  await camera.of('help', await ground.message('What I can do'));
  await ground.run('describe', { image: file });
  await camera.of('describe', await ground.message('The phrases nearest to that picture'));
  await camera.of('variation', await ground.painted('Variation (strong) of picture 1'));
  await camera.of('vary', await ground.painted('From an uploaded picture'));
}

/** What is seen while others are painted and while it is one's own turn; the painter waits for the photographer. */
async function waiting(camera, worker) {
  const { ground, page } = camera;
  worker.pause();
  await ground.become('Ben');
  await ground.run('imagine', { prompt: 'two dogs' });
  await ground.message('two dogs');
  await ground.become('Ada');
  for (const prompt of ['a green dragon', 'a birthday cake']) {
    await ground.run('imagine', { prompt });
  }
  await camera.of('waiting', await ground.message('a green dragon'));
  await ground.run('queue');
  const queue = await ground.message('Ahead of you');
  await camera.of('queue', queue);
  await ground.button(await ground.message('a birthday cake'), 'Cancel').click();
  await ground.become('Ben');
  await ground.button(await ground.message('two dogs'), 'Cancel').click();
  await ground.become('Ada');

  const painted = await page.locator('.message', { hasText: 'a slice of pizza' }).allTextContents();
  const paintMs = Number(/Time([\d.]+) s/.exec(painted.join())?.[1] ?? 2) * 1000;
  // In small steps until the half-painted picture is shown: messages are edited every three seconds only.
  const dragon = await ground.message('a green dragon');
  const preview = dragon.getByRole('img', { name: 'Half-painted preview' });
  const done = ground.button(dragon, '🔁');
  for (let tries = 0; tries < 12; tries++) {
    if ((await preview.isVisible()) || (await done.isVisible())) {
      break;
    }
    worker.go();
    await page.waitForTimeout(Math.min(4000, Math.max(200, paintMs * 0.4)));
    worker.pause();
    await preview
      .or(done)
      .waitFor({ timeout: 3500 })
      .catch(() => {});
  }
  if (await preview.isVisible()) {
    await camera.of('progress', dragon);
  } else {
    console.warn('docs/images/progress.png is as it was: the painting was too quick to be seen.');
  }
  worker.go();
}

async function limits(camera) {
  const { ground, page } = camera;
  await ground.become('Mara');
  const form = await ground.prepare('limits set', { hour: 20, cooldown: 5, pictures: 4, block: 'banana' });
  await camera.of('limits-set', page.locator('#composer'));
  await form.getByRole('button', { name: 'Send' }).click();
  await camera.of('limits-changed', await ground.message('Changed, effective at once'));
  await ground.run('limits set', { role: 'Moderators', pictures: 16, share: 2 });
  await ground.message('Role tiers: — →');
  await ground.run('limits show');
  await camera.of('limits-show', await ground.message('Paused: no'));
  await ground.run('limits history');
  await camera.of('limits-history', await ground.message(/@Mara.*Jobs per hour/));
  await ground.become('Ada');
  await ground.run('imagine', { prompt: 'a sad banana' });
  await camera.of('refused', await ground.message('is not allowed here'));
}

const compiled = compile();
const folder = mkdtempSync(join(tmpdir(), 'tessera-screenshots-'));
mkdirSync(images, { recursive: true });
let playground;
let browser;
try {
  const bot = { cli: join(compiled, 'cli', 'index.js'), bundle: join(root, 'models', 'emoji'), folder };
  [playground, browser] = await Promise.all([spawnPlayground(bot), launchBrowser()]);
  const [pid] = playground.workerPids();
  const worker = { pause: () => process.kill(pid, 'SIGSTOP'), go: () => process.kill(pid, 'SIGCONT') };
  const page = await browser.newPage({
    viewport: COMMAND,
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const camera = new Camera(page);
  const scenes = [
    () => pictures(camera, folder),
    () => waiting(camera, worker).finally(() => worker.go()),
    () => limits(camera),
  ];
  for (const scene of scenes) {
    try {
      // Opened anew, so that what failed before is not in the way.
      await page.setViewportSize(COMMAND);
      await camera.ground.open(playground.url);
      await scene();
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
    }
  }
} finally {
  await browser?.close();
  await playground?.stop();
  for (const temporary of [folder, compiled]) {
    rmSync(temporary, { recursive: true, force: true });
  }
}
console.log(`${seconds()} s done`);
