import { z } from 'zod';
import { type FormError, invalidForm } from '../discord-error.js';

/**
 * Checks a body against a schema and gives back the typed value.
 * @throws DiscordError 50035 with the path of everything that is wrong
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown, at: readonly (string | number)[] = []): T {
  const result = schema.safeParse(body);
  if (result.success) {
    return result.data;
  }
  const errors = result.error.issues.flatMap((issue) => toFormErrors(issue, body));
  throw invalidForm(errors.map((error) => ({ ...error, path: [...at, ...error.path] })));
}

/** Text of `min` to `max` UTF-16 units, counted as strictly as any client does. */
export const text = (min: number, max: number) => z.string().min(min).max(max);

export const snowflake = z.union([z.string().regex(/^\d{1,20}$/, 'Value is not snowflake.'), z.int().nonnegative()]);

/** A custom issue with one of Discord's own codes. */
export function complain(
  context: z.RefinementCtx,
  code: string,
  message: string,
  path: readonly (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', message, path: [...path], params: { discordCode: code } });
}

type Issue = z.core.$ZodIssue;

function toFormErrors(issue: Issue, body: unknown): FormError[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  const one = (code: string, message: string): FormError[] => [{ path, code, message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        code: 'UNKNOWN_FIELD',
        message: `Unknown field ${key.slice(0, 80)}.`,
      }));
    case 'too_big':
      if (issue.origin === 'number' || issue.origin === 'int') {
        return one('NUMBER_TYPE_MAX', `int value should be less than or equal to ${issue.maximum}.`);
      }
      return one('BASE_TYPE_MAX_LENGTH', `Must be ${issue.maximum} or fewer in length.`);
    case 'too_small':
      if (issue.origin === 'number' || issue.origin === 'int') {
        return one('NUMBER_TYPE_MIN', `int value should be greater than or equal to ${issue.minimum}.`);
      }
      return one('BASE_TYPE_MIN_LENGTH', `Must be ${issue.minimum} or more in length.`);
    case 'invalid_type':
      if (valueAt(body, issue.path) === undefined) {
        return one('BASE_TYPE_REQUIRED', 'This field is required');
      }
      return one(`${issue.expected.toUpperCase()}_TYPE_CONVERT`, `Could not interpret the value as ${issue.expected}.`);
    case 'invalid_value':
      return one('BASE_TYPE_CHOICES', `Value must be one of (${issue.values.map(String).join(', ')}).`);
    case 'invalid_union': {
      if ('discriminator' in issue && issue.discriminator) {
        return one('UNION_TYPE_CHOICES', 'Value of this type is not allowed here.');
      }
      return one('UNION_TYPE_CONVERT', 'Could not interpret the value as any of the allowed types.');
    }
    case 'invalid_format':
      return one('STRING_TYPE_REGEX', issue.message || 'String value did not match validation regex.');
    case 'custom': {
      const code: unknown = issue.params?.discordCode;
      return one(typeof code === 'string' ? code : 'BASE_TYPE_INVALID', issue.message);
    }
    default:
      return one('BASE_TYPE_INVALID', issue.message);
  }
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) {
      return undefined;
    }
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
