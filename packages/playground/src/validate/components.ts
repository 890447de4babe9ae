import { z } from 'zod';
import { componentEmoji } from './emoji.js';
import { complain, snowflake, text } from './form.js';

const id = z.int().nonnegative().max(2_147_483_647).optional();
const customId = text(1, 100);
const mediaUrl = z.string().regex(/^(https?|attachment):\/\/.{1,2048}$/i, 'Not a well formed URL.');
const media = z.looseObject({ url: mediaUrl });

const button = z
  .strictObject({
    type: z.literal(2),
    id,
    style: z.int().min(1).max(6),
    label: text(0, 80).nullish(),
    emoji: componentEmoji.nullish(),
    custom_id: customId.optional(),
    url: z
      .string()
      .max(512)
      .regex(/^(https?|discord):\/\/.+/i, 'Not a well formed URL.')
      .optional(),
    sku_id: snowflake.optional(),
    disabled: z.boolean().optional(),
  })
  .superRefine((value, context) => {
    const wanted = value.style === 5 ? 'url' : value.style === 6 ? 'sku_id' : 'custom_id';
    for (const key of ['custom_id', 'url', 'sku_id'] as const) {
      if (key === wanted && value[key] === undefined) {
        complain(context, 'BASE_TYPE_REQUIRED', 'This field is required', [key]);
      }
      if (key !== wanted && value[key] !== undefined) {
        complain(context, 'BUTTON_COMPONENT_INVALID_FIELD', `A button of style ${value.style} cannot have a ${key}`, [
          key,
        ]);
      }
    }
    if (value.style !== 6 && !value.label && !value.emoji) {
      complain(context, 'BUTTON_COMPONENT_LABEL_REQUIRED', 'A button must have a label or emoji', ['label']);
    }
  });

const option = z.strictObject({
  label: text(1, 100),
  value: text(1, 100),
  description: text(0, 100).nullish(),
  emoji: componentEmoji.nullish(),
  default: z.boolean().optional(),
});

const selectShape = {
  id,
  custom_id: customId,
  placeholder: text(0, 150).nullish(),
  min_values: z.int().min(0).max(25).optional(),
  max_values: z.int().min(1).max(25).optional(),
  disabled: z.boolean().optional(),
  /** Only in modals. */
  required: z.boolean().optional(),
};

const stringSelect = z
  .strictObject({ type: z.literal(3), ...selectShape, options: z.array(option).min(1).max(25) })
  .superRefine((value, context) => {
    const seen = new Set<string>();
    value.options.forEach((one, index) => {
      if (seen.has(one.value)) {
        complain(context, 'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED', 'The specified option value is already used', [
          'options',
          index,
          'value',
        ]);
      }
      seen.add(one.value);
    });
    const max = value.max_values ?? 1;
    if ((value.min_values ?? 1) > max) {
      complain(context, 'NUMBER_TYPE_MAX', `int value should be less than or equal to ${max}.`, ['min_values']);
    }
    if (value.options.filter((one) => one.default).length > max) {
      complain(context, 'SELECT_COMPONENT_MAX_VALUES_EXCEEDED', 'More options are default than may be chosen', [
        'options',
      ]);
    }
  });

const defaults = z
  .array(z.strictObject({ id: snowflake, type: z.enum(['user', 'role', 'channel']) }))
  .max(25)
  .optional();
const userSelect = z.strictObject({ type: z.literal(5), ...selectShape, default_values: defaults });
const roleSelect = z.strictObject({ type: z.literal(6), ...selectShape, default_values: defaults });
const mentionableSelect = z.strictObject({ type: z.literal(7), ...selectShape, default_values: defaults });
const channelSelect = z.strictObject({
  type: z.literal(8),
  ...selectShape,
  default_values: defaults,
  channel_types: z.array(z.int()).optional(),
});
const selects = [stringSelect, userSelect, roleSelect, mentionableSelect, channelSelect] as const;

const messageRow = z
  .strictObject({
    type: z.literal(1),
    id,
    components: z
      .array(z.discriminatedUnion('type', [button, ...selects]))
      .min(1)
      .max(5),
  })
  .superRefine((row, context) => {
    if (row.components.length > 1 && row.components.some((component) => component.type !== 2)) {
      complain(context, 'COMPONENT_LAYOUT_WIDTH_EXCEEDED', 'The specified component exceeds the maximum width', [
        'components',
      ]);
    }
  });

const textDisplay = z.strictObject({ type: z.literal(10), id, content: text(1, 4000) });
const thumbnail = z.strictObject({
  type: z.literal(11),
  id,
  media,
  description: text(0, 1024).nullish(),
  spoiler: z.boolean().optional(),
});
const section = z.strictObject({
  type: z.literal(9),
  id,
  components: z.array(textDisplay).min(1).max(3),
  accessory: z.discriminatedUnion('type', [thumbnail, button]),
});
const gallery = z.strictObject({
  type: z.literal(12),
  id,
  items: z
    .array(z.strictObject({ media, description: text(0, 1024).nullish(), spoiler: z.boolean().optional() }))
    .min(1)
    .max(10),
});
const file = z.looseObject({ type: z.literal(13), id, file: media, spoiler: z.boolean().optional() });
const separator = z.strictObject({
  type: z.literal(14),
  id,
  divider: z.boolean().optional(),
  spacing: z.int().min(1).max(2).optional(),
});
const inContainer = [messageRow, section, textDisplay, gallery, file, separator] as const;
const container = z.strictObject({
  type: z.literal(17),
  id,
  components: z.array(z.discriminatedUnion('type', inContainer)).min(1),
  accent_color: z.int().min(0).max(0xffffff).nullish(),
  spoiler: z.boolean().optional(),
});

const textInputShape = {
  type: z.literal(4),
  id,
  custom_id: customId,
  style: z.int().min(1).max(2),
  min_length: z.int().min(0).max(4000).optional(),
  max_length: z.int().min(1).max(4000).optional(),
  required: z.boolean().optional(),
  value: text(0, 4000).nullish(),
  placeholder: text(0, 100).nullish(),
};
const textInput = z.strictObject({ ...textInputShape, label: text(1, 45) });
const labelledTextInput = z.strictObject(textInputShape);
const fileUpload = z.strictObject({
  type: z.literal(19),
  id,
  custom_id: customId,
  min_values: z.int().min(0).max(10).optional(),
  max_values: z.int().min(1).max(10).optional(),
  required: z.boolean().optional(),
});
const choice = option.omit({ emoji: true });
const radioGroup = z.strictObject({
  type: z.literal(21),
  id,
  custom_id: customId,
  options: z.array(choice).min(2).max(10),
  required: z.boolean().optional(),
});
const checkboxGroup = z.strictObject({
  type: z.literal(22),
  id,
  custom_id: customId,
  options: z.array(choice).min(1).max(10),
  min_values: z.int().min(0).max(10).optional(),
  max_values: z.int().min(1).max(10).optional(),
  required: z.boolean().optional(),
});
const checkbox = z.strictObject({ type: z.literal(23), id, custom_id: customId, default: z.boolean().optional() });
const label = z.strictObject({
  type: z.literal(18),
  id,
  label: text(1, 45),
  description: text(0, 100).nullish(),
  component: z.discriminatedUnion('type', [
    labelledTextInput,
    ...selects,
    fileUpload,
    radioGroup,
    checkboxGroup,
    checkbox,
  ]),
});
const modalRow = z.strictObject({ type: z.literal(1), id, components: z.array(textInput).length(1) });

/** Every component in a tree, with its path, outermost first. */
export function* walkComponents(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<{ readonly component: Record<string, unknown>; readonly path: readonly (string | number)[] }> {
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) {
      yield* walkComponents(inner, [...path, index]);
    }
  } else if (typeof value === 'object' && value !== null) {
    const component = value as Record<string, unknown>;
    if (typeof component.type === 'number') {
      yield { component, path };
    }
    for (const key of ['components', 'component', 'accessory']) {
      if (component[key] !== undefined) {
        yield* walkComponents(component[key], [...path, key]);
      }
    }
  }
}

function refuseDuplicates(components: unknown, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const { component, path } of walkComponents(components)) {
    const { custom_id: key } = component;
    if (typeof key !== 'string') {
      continue;
    }
    if (seen.has(key)) {
      complain(context, 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated', [
        ...path,
        'custom_id',
      ]);
    }
    seen.add(key);
  }
}

/** Components of a message without the flag IS_COMPONENTS_V2: up to five rows. */
export const classicComponents = z.array(messageRow).max(5).superRefine(refuseDuplicates);

/** Components of a message with the flag: up to 40 in all, up to 4,000 characters of text. */
export const modernComponents = z
  .array(z.discriminatedUnion('type', [...inContainer, container]))
  .superRefine((components, context) => {
    refuseDuplicates(components, context);
    const all = [...walkComponents(components)];
    if (all.length > 40) {
      complain(
        context,
        'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED',
        'The maximum number of components was exceeded (40)',
      );
    }
    const characters = all.reduce(
      (sum, { component }) => sum + (component.type === 10 ? String(component.content).length : 0),
      0,
    );
    if (characters > 4000) {
      complain(context, 'COMPONENT_MAX_TOTAL_TEXT_EXCEEDED', 'The total text is longer than 4000 characters');
    }
  });

export const modal = z.strictObject({
  custom_id: customId,
  title: text(1, 45),
  components: z
    .array(z.discriminatedUnion('type', [modalRow, label, textDisplay]))
    .min(1)
    .max(5)
    .superRefine(refuseDuplicates),
});

export type Modal = z.infer<typeof modal>;
