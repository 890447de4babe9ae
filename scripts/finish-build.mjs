// What the compiler does not do: copies the playground's page next to its server and makes the CLI executable.
import { chmodSync, cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const page = at('packages/playground/src/page');
if (existsSync(page)) {
  cpSync(page, at('packages/playground/dist/page'), { recursive: true });
}
const cli = at('dist/cli/index.js');
if (existsSync(cli)) {
  chmodSync(cli, 0o755);
}
