// The playground's page as a person uses it: for the browser tests and for the screenshots.

const WAIT_MS = 60_000; // a picture on a machine that does other things too

export class PlaygroundPage {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(WAIT_MS);
  }

  async open(url) {
    await this.page.goto(url);
    await this.page.getByRole('heading', { name: '#general', exact: true }).waitFor();
    // The bot's commands come with its connection.
    await this.type('/');
    await this.page.getByRole('option', { name: '/imagine' }).waitFor();
    await this.type('');
  }

  /** Puts text into the message box. */
  async type(text) {
    await this.page.getByRole('textbox', { name: /^Message / }).fill(text);
  }

  /** Becomes another person. */
  async become(name) {
    await this.page.getByRole('button', { name }).click();
    await this.page.getByRole('button', { name, pressed: true }).waitFor();
  }

  /** Opens a command and fills in its options, by their names. */
  async prepare(command, options = {}) {
    await this.type(`/${command} `);
    const form = this.page.getByRole('form', { name: `/${command}` });
    for (const [name, value] of Object.entries(options)) {
      const option = form.locator(`[data-option="${name}"]`);
      if ((await option.count()) === 0) {
        await form.getByRole('button', { name: `+ ${name}`, exact: true }).click();
      }
      const input = option.locator('input, select, textarea');
      const kind = await input.evaluate((element) => (element.type === 'file' ? 'file' : element.localName));
      if (kind === 'file') {
        await input.setInputFiles(value);
      } else if (kind === 'select') {
        await input.selectOption({ label: value });
      } else {
        await input.fill(String(value));
      }
    }
    return form;
  }

  /** Runs a command. */
  async run(command, options = {}) {
    const form = await this.prepare(command, options);
    await form.getByRole('button', { name: 'Send' }).click();
  }

  /** The newest message with this text; it stays the same message when others come. */
  async message(text) {
    const newest = this.page.locator('.message', { hasText: text }).last();
    await newest.waitFor();
    return this.page.locator(`.message[data-id="${await newest.getAttribute('data-id')}"]`);
  }

  /** The newest message with this text, once its pictures and their buttons are there. */
  async painted(text) {
    const message = this.page.locator('.message', { hasText: text }).filter({ has: this.button(this.page, '🔁') });
    await message.last().waitFor();
    return this.message(text);
  }

  /** A button under a message, by what stands on it. */
  button(place, label) {
    return place.getByRole('button', { name: label, exact: true });
  }

  /** Chooses from the menu of a message. */
  async choose(message, entry) {
    await message.click({ button: 'right', position: { x: 5, y: 5 } });
    await this.page.getByRole('menuitem', { name: entry }).click();
  }

  async react(message, emoji) {
    await message.hover({ position: { x: 5, y: 5 } });
    await this.button(message, 'Add reaction').click();
    await this.button(this.page.getByRole('dialog', { name: 'Add reaction' }), emoji).click();
  }
}
