import { type Modal, walkComponents } from '../validate/components.js';
import type { Json } from '../world-types.js';
import { ClientRefusal, type PickedFile, type Resolved } from './command-data.js';

/** A text, chosen values, a tick, or files; by custom id. What is not named keeps its default. */
export type ModalValues = Readonly<Record<string, string | readonly string[] | boolean | readonly PickedFile[]>>;

type Field = Readonly<Record<string, unknown>>;

/**
 * The `data` of a modal's submission.
 * @throws ClientRefusal for what Discord's app would not send
 */
export function modalData(modal: Modal, values: ModalValues, resolved: Resolved): Json {
  const ids = new Set([...walkComponents(modal.components)].map(({ component }) => component.custom_id));
  for (const id of Object.keys(values)) {
    if (!ids.has(id)) {
      throw new ClientRefusal(`The form has no field ${id}.`);
    }
  }
  const components = modal.components.map((one): Json => {
    const { id } = one;
    if (one.type === 10) {
      return { type: 10, id };
    }
    if (one.type === 18) {
      return { type: 18, id, component: filled(one.component, values, resolved) };
    }
    return { type: 1, id, components: one.components.map((inner) => filled(inner, values, resolved)) };
  });
  return { custom_id: modal.custom_id, components, ...resolved.json() };
}

function filled(field: Field, values: ModalValues, resolved: Resolved): Json {
  const customId = String(field.custom_id);
  const given = values[customId];
  const base = { type: field.type, id: field.id, custom_id: customId };
  const options = (field.options ?? []) as readonly { readonly value: string; readonly default?: boolean }[];
  const wrong = (why: string) => new ClientRefusal(`The field ${customId} ${why}.`);
  switch (field.type) {
    case 4: {
      const value = typeof given === 'string' ? given : String(field.value ?? '');
      if (value === '' && field.required !== false) {
        throw wrong('is required');
      }
      if (value.length > Number(field.max_length ?? 4000)) {
        throw wrong(`takes at most ${field.max_length ?? 4000} characters`);
      }
      if (value !== '' && value.length < Number(field.min_length ?? 0)) {
        throw wrong(`needs at least ${field.min_length} characters`);
      }
      return { ...base, value };
    }
    case 19: {
      const files = Array.isArray(given) ? (given as readonly PickedFile[]) : [];
      if (files.length === 0 && field.required !== false) {
        throw wrong('is required');
      }
      return { ...base, values: files.map((file) => resolved.file(file)) };
    }
    case 23:
      return { ...base, value: typeof given === 'boolean' ? given : field.default === true };
    case 21: {
      const value = typeof given === 'string' ? given : (options.find((option) => option.default)?.value ?? null);
      if (value === null && field.required !== false) {
        throw wrong('is required');
      }
      return { ...base, value };
    }
    default: {
      const defaults = options.filter((option) => option.default).map((option) => option.value);
      const chosen = Array.isArray(given)
        ? (given as readonly string[])
        : typeof given === 'string'
          ? [given]
          : defaults;
      if (options.length > 0 && !chosen.every((value) => options.some((option) => option.value === value))) {
        throw wrong('has no such option');
      }
      if (chosen.length === 0 && field.required !== false && field.min_values !== 0) {
        throw wrong('is required');
      }
      return { ...base, values: chosen };
    }
  }
}
