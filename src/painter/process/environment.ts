import { environmentWithoutSecrets } from '../../config.js';

/** Bytes from which on glibc maps an allocation by itself. Lower values cost the small default bundle time. */
const MAPPED_FROM_BYTES = 2 * 2 ** 20;

/**
 * The environment of a process that paints: `env`, by default ours without the secrets, none of which it needs, and with
 * freed weights given back. By itself glibc raises its limit to 32 MB, and of a large graph that is released 90 MB stay
 * in its heap. Other C libraries do not look at the variable.
 */
export function paintingEnvironment(env: NodeJS.ProcessEnv = environmentWithoutSecrets()): NodeJS.ProcessEnv {
  return { MALLOC_MMAP_THRESHOLD_: `${MAPPED_FROM_BYTES}`, ...env };
}
