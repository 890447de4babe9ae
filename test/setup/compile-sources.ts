/**
 * Compiles src/ once a test run into a folder of its own, so that tests which start real processes (the painting
 * worker, the command line) run the sources as they are now and never a dist/ that was left from before.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Absolute folder of the compiled sources of this run, laid out like dist/. */
    distDir: string;
  }
}

export default function setup(project: TestProject): () => void {
  const root = project.config.root;
  // Inside dist/, which git, the linter and the type checker ignore; a folder a run, as several may go on at once.
  const distDir = join(root, 'dist', `.test-${process.pid}`);
  removeLeftovers(join(root, 'dist'));
  compile(root, 'tsconfig.build.json', distDir);
  compilePlayground(root, join(distDir, 'node_modules', '@tessera', 'playground'));
  project.provide('distDir', distDir);
  return () => rmSync(distDir, { recursive: true, force: true });
}

/** Folders of runs that were killed before they could tidy up. */
function removeLeftovers(dist: string): void {
  if (!existsSync(dist)) {
    return;
  }
  for (const name of readdirSync(dist)) {
    const pid = /^\.test-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      rmSync(join(dist, name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Where Node looks first from the compiled sources. */
function compilePlayground(root: string, packageDir: string): void {
  const playground = join(root, 'packages', 'playground');
  compile(root, join(playground, 'tsconfig.json'), join(packageDir, 'dist'));
  cpSync(join(playground, 'src', 'page'), join(packageDir, 'dist', 'page'), { recursive: true });
  cpSync(join(playground, 'package.json'), join(packageDir, 'package.json'));
}

/** Types are the type check's business: without it this takes a fraction of a second. */
function compile(root: string, project: string, outDir: string): void {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', project, '--noCheck', '--outDir', outDir];
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (!existsSync(outDir)) {
    throw new Error(`Nothing was compiled:\n${result.stdout}${result.stderr}`);
  }
}
