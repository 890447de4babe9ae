/** A bundle's graphs, each loaded once. */

import { join } from 'node:path';
import type { Bundle } from './bundle.js';
import { type RuntimeOptions, Session } from './onnx.js';
import { checkTensors, type GraphRole } from './tensors.js';

export class BundleSessions {
  readonly #loading = new Map<GraphRole, Promise<Session>>();

  readonly #bundle: Bundle;
  readonly #options: RuntimeOptions;

  constructor(bundle: Bundle, options: RuntimeOptions) {
    this.#bundle = bundle;
    this.#options = options;
  }

  /**
   * The graph, loaded on the first call. A failure is not remembered: the next call tries again.
   *
   * @throws BundleError when it cannot be loaded or its tensors are not those of bundle.json.
   */
  get(role: GraphRole): Promise<Session> {
    const known = this.#loading.get(role);
    if (known !== undefined) {
      return known;
    }
    const loading = this.#load(role);
    this.#loading.set(role, loading);
    loading.catch(() => this.#loading.delete(role));
    return loading;
  }

  async release(): Promise<void> {
    const sessions = await Promise.allSettled(this.#loading.values());
    this.#loading.clear();
    for (const session of sessions) {
      if (session.status === 'fulfilled') {
        await session.value.release();
      }
    }
  }

  async #load(role: GraphRole): Promise<Session> {
    const { dir, manifest } = this.#bundle;
    const session = await Session.open(join(dir, this.#fileOf(role)), {
      ...this.#options,
      keepsPlan: role === 'step' || role === 'depth',
    });
    try {
      checkTensors(role, session, manifest);
    } catch (error) {
      await session.release();
      throw error;
    }
    return session;
  }

  #fileOf(role: GraphRole): string {
    const { prior, memory, ...parts } = this.#bundle.manifest;
    if (role === 'condition' || role === 'step') {
      return prior[role];
    }
    // Whoever asks for one of these has seen that there is one.
    if (role === 'depth') {
      return prior.depth ?? '';
    }
    if (role === 'sentenceEncoder') {
      return memory?.sentenceEncoder.file ?? '';
    }
    return parts[role].file;
  }
}
