// Debian's Chromium for the browser tests and for the screenshots: nothing is downloaded.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Where a browser is installed, or undefined. */
export const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

// Quiet: nothing of the browser's own goes to any network. Without a sandbox it runs as root in containers too.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser without a window. */
export function launchBrowser() {
  if (browserPath === undefined) {
    throw new Error('No browser is installed: apt-get install chromium');
  }
  return chromium.launch({ executablePath: browserPath, args: ARGUMENTS });
}
