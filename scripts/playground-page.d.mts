import type { Locator, Page } from 'playwright-core';

export class PlaygroundPage {
  constructor(page: Page);
  readonly page: Page;
  open(url: string): Promise<void>;
  type(text: string): Promise<void>;
  become(name: string): Promise<void>;
  prepare(command: string, options?: Readonly<Record<string, string | number>>): Promise<Locator>;
  run(command: string, options?: Readonly<Record<string, string | number>>): Promise<void>;
  message(text: string | RegExp): Promise<Locator>;
  painted(text: string | RegExp): Promise<Locator>;
  button(place: Page | Locator, label: string): Locator;
  choose(message: Locator, entry: string): Promise<void>;
  react(message: Locator, emoji: string): Promise<void>;
}
