// What the compiler does not do: copies the playground's page next to its server and makes the CLI executable.
import { chmodSync, cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const page = at('src/playground/page');
if (existsSync(page)) cpSync(page, at('dist/playground/page'), { recursive: true });
const cli = at('dist/cli/index.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
