import { randomBytes } from 'node:crypto';

/** Crockford's base32: no I, L, O or U, so an id can be read aloud and typed. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const jobIdLength = 12;

/** A new unguessable job id: 12 characters, 60 bits from the system's random generator. */
export function newJobId(): string {
  // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
  return Array.from(randomBytes(jobIdLength), (byte) => alphabet.charAt(byte & 31)).join('');
}
