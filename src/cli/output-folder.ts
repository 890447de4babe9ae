/** Where the pictures go: checked before any work is done, written so that no half file is ever seen. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, parse, resolve } from 'node:path';
import { InputError } from '../domain/errors.js';
import { errorCode } from './inputs.js';

export class OutputFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder if need be and tries it out by writing: a permission bit alone does not tell.
   * @throws InputError when no file can be written there.
   */
  static async prepare(folder: string, cwd: string): Promise<OutputFolder> {
    const path = resolve(cwd, folder);
    const probe = join(path, temporaryName());
    try {
      await makeFolders(path);
      await writeFile(probe, '', { flag: 'wx' });
      await rm(probe);
    } catch (error) {
      throw new InputError(`Expected a writable folder for --out but ${folder} cannot be used (${errorCode(error)}).`, {
        cause: error,
      });
    }
    return new OutputFolder(path);
  }

  /**
   * Writes beside the target and links, so that the file is whole or not there. A file of that name with other bytes is
   * left alone: the new one gets a number. Returns its absolute path.
   */
  async write(name: string, bytes: Uint8Array): Promise<string> {
    const temporary = join(this.path, temporaryName());
    try {
      await writeFile(temporary, bytes, { flag: 'wx' });
      for (let copy = 1; ; copy += 1) {
        const target = join(this.path, numbered(name, copy));
        const isOurs = await link(temporary, target).then(
          () => true,
          (error: unknown) => {
            if (errorCode(error) === 'EEXIST') {
              return false;
            }
            throw error;
          },
        );
        if (isOurs || (await readFile(target)).equals(bytes)) {
          return target;
        }
      }
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

/** `fox.png`, `fox-2.png`, `fox-3.png`, … */
function numbered(name: string, copy: number): string {
  const { name: stem, ext } = parse(name);
  return copy === 1 ? name : `${stem}-${copy}${ext}`;
}

/** Letters and digits of any script, at most 40, joined by dashes; something safe for every file system. */
export function slug(text: string): string {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...words.join('-')].slice(0, 40).join('').replace(/-+$/, '') || 'picture';
}

/** Step by step: Node's own `recursive` never ends below folders like /proc that forbid new ones with ENOENT. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      return;
    }
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path || existsSync(parent)) {
      throw error;
    }
    await makeFolders(parent);
    await mkdir(path);
  }
}

function temporaryName(): string {
  return `.tessera-${randomBytes(6).toString('hex')}`;
}
