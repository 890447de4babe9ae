import { z } from 'zod';
import { complain, text } from './form.js';

export const CommandType = { ChatInput: 1, User: 2, Message: 3 } as const;
export const OptionType = {
  Subcommand: 1,
  SubcommandGroup: 2,
  String: 3,
  Integer: 4,
  Boolean: 5,
  User: 6,
  Channel: 7,
  Role: 8,
  Mentionable: 9,
  Number: 10,
  Attachment: 11,
} as const;

/** The locales that Discord's clients know. */
export const LOCALES = [
  'id', 'da', 'de', 'en-GB', 'en-US', 'es-ES', 'es-419', 'fr', 'hr', 'it', 'lt', 'hu', 'nl', 'no', 'pl', 'pt-BR',
  'ro', 'fi', 'sv-SE', 'vi', 'tr', 'cs', 'el', 'bg', 'ru', 'uk', 'hi', 'th', 'zh-CN', 'ja', 'zh-TW', 'ko',
] as const; // biome-ignore format: one list

const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const NAME_MESSAGE = 'Command name is invalid';
const chatName = text(1, 32).refine((name) => NAME.test(name) && name === name.toLowerCase(), {
  message: NAME_MESSAGE,
  params: { discordCode: 'APPLICATION_COMMAND_INVALID_NAME' },
});
const localised = <T extends z.ZodType<string>>(value: T) =>
  z.partialRecord(z.enum(LOCALES), value.nullable()).nullish();

const choice = z.strictObject({
  name: text(1, 100),
  name_localizations: localised(text(1, 100)),
  value: z.union([
    text(1, 100),
    z
      .number()
      .min(-(2 ** 53))
      .max(2 ** 53),
  ]),
});

const optionShape = {
  type: z.int().min(1).max(11),
  name: chatName,
  name_localizations: localised(chatName),
  description: text(1, 100),
  description_localizations: localised(text(1, 100)),
  required: z.boolean().nullish(),
  choices: z.array(choice).max(25).nullish(),
  channel_types: z.array(z.int()).nullish(),
  min_value: z.number().nullish(),
  max_value: z.number().nullish(),
  min_length: z.int().min(0).max(6000).nullish(),
  max_length: z.int().min(1).max(6000).nullish(),
  autocomplete: z.boolean().nullish(),
};
const leaf = z.strictObject(optionShape);
const branch = z.strictObject({ ...optionShape, options: z.array(leaf).max(25).nullish() });
const tree = z.strictObject({ ...optionShape, options: z.array(branch).max(25).nullish() });

export type CommandOption = Omit<z.infer<typeof leaf>, never> & {
  readonly options?: readonly CommandOption[] | null | undefined;
};
type Path = readonly (string | number)[];

/** One command as a bot registers it. */
export const command = z
  .strictObject({
    type: z.int().min(1).max(3).nullish(),
    name: text(1, 32),
    name_localizations: localised(text(1, 32)),
    description: text(0, 100).nullish(),
    description_localizations: localised(text(1, 100)),
    options: z.array(tree).max(25).nullish(),
    default_member_permissions: z.string().regex(/^\d+$/).nullish(),
    dm_permission: z.boolean().nullish(),
    default_permission: z.boolean().nullish(),
    nsfw: z.boolean().nullish(),
    contexts: z.array(z.int().min(0).max(2)).nullish(),
    integration_types: z.array(z.int().min(0).max(1)).min(1).nullish(),
    id: z.string().optional(),
  })
  .superRefine((value, context) => {
    const type = value.type ?? CommandType.ChatInput;
    if (type !== CommandType.ChatInput) {
      if (value.description) {
        complain(
          context,
          'APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION',
          'Context menu commands cannot have description',
          ['description'],
        );
      }
      if (value.options?.length) {
        complain(context, 'APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS', 'Context menu commands cannot have options', [
          'options',
        ]);
      }
      return;
    }
    if (!value.description) {
      complain(context, 'BASE_TYPE_REQUIRED', 'This field is required', ['description']);
    }
    for (const [locale, name] of [['', value.name], ...Object.entries(value.name_localizations ?? {})]) {
      if (name && !chatName.safeParse(name).success) {
        complain(
          context,
          'APPLICATION_COMMAND_INVALID_NAME',
          NAME_MESSAGE,
          locale ? ['name_localizations', locale] : ['name'],
        );
      }
    }
    checkOptions(value.options ?? [], ['options'], 0, context);
    const size = commandSize(value);
    if (size > 8000) {
      complain(context, 'APPLICATION_COMMAND_TOO_LARGE', `Command exceeds maximum size (8000), it has ${size}`);
    }
  });

export type CommandBody = z.infer<typeof command>;

function checkOptions(options: readonly CommandOption[], path: Path, depth: number, context: z.RefinementCtx): void {
  const names = new Set<string>();
  let sawOptional = false;
  const nests = (option: CommandOption) =>
    option.type === OptionType.Subcommand || option.type === OptionType.SubcommandGroup;
  if (options.some(nests) && !options.every(nests)) {
    complain(
      context,
      'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
      'Sub-command and sub-command group option types are mutually exclusive to all other types',
      path,
    );
  }
  options.forEach((option, index) => {
    const here = [...path, index];
    if (names.has(option.name)) {
      complain(
        context,
        'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS',
        'Option name already exists in these options',
        here,
      );
    }
    names.add(option.name);
    if (option.required && sawOptional) {
      complain(
        context,
        'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
        'Required options must be placed before non-required options',
        here,
      );
    }
    sawOptional ||= !option.required;
    checkFields(option, here, context);
    const mayNest =
      (option.type === OptionType.Subcommand && depth < 2) ||
      (option.type === OptionType.SubcommandGroup && depth === 0);
    if (nests(option) && !mayNest) {
      complain(context, 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'Nested too deeply', here);
    }
    if (option.options?.length && !nests(option)) {
      complain(context, 'UNKNOWN_FIELD', 'Unknown field options.', [...here, 'options']);
    }
    if (option.type === OptionType.Subcommand && option.options?.some(nests)) {
      complain(context, 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'A sub-command cannot hold sub-commands', here);
    } else if (option.options) {
      checkOptions(option.options, [...here, 'options'], depth + 1, context);
    }
  });
}

function checkFields(option: CommandOption, path: Path, context: z.RefinementCtx): void {
  const { type } = option;
  const isNumeric = type === OptionType.Integer || type === OptionType.Number;
  const bad = (key: string, message: string) =>
    complain(context, 'APPLICATION_COMMAND_OPTION_FIELD_INVALID', message, [...path, key]);
  if (option.choices?.length && option.autocomplete) {
    bad('autocomplete', 'autocomplete and choices exclude each other');
  }
  if ((option.choices?.length || option.autocomplete) && !isNumeric && type !== OptionType.String) {
    bad('type', 'Only strings and numbers have choices');
  }
  if ((option.min_value ?? option.max_value ?? null) !== null && !isNumeric) {
    bad('min_value', 'Only numbers have min_value and max_value');
  }
  if ((option.min_length ?? option.max_length ?? null) !== null && type !== OptionType.String) {
    bad('min_length', 'Only strings have min_length and max_length');
  }
  if ((option.min_value ?? -Infinity) > (option.max_value ?? Infinity)) {
    bad('min_value', 'min_value is greater than max_value');
  }
  if ((option.min_length ?? 0) > (option.max_length ?? 6000)) {
    bad('min_length', 'min_length is greater than max_length');
  }
  const seen = new Set<string>();
  option.choices?.forEach((one, index) => {
    if (seen.has(one.name)) {
      complain(context, 'APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS', 'Option choice name already exists', [
        ...path,
        'choices',
        index,
      ]);
    }
    seen.add(one.name);
    const fits =
      type === OptionType.String
        ? typeof one.value === 'string'
        : typeof one.value === 'number' && (type !== OptionType.Integer || Number.isInteger(one.value));
    if (!fits) {
      complain(context, 'STRING_TYPE_CONVERT', 'The choice does not have the type of its option.', [
        ...path,
        'choices',
        index,
        'value',
      ]);
    }
  });
}

interface Named {
  readonly name?: string;
  readonly description?: string | null | undefined;
  readonly name_localizations?: Readonly<Partial<Record<string, string | null>>> | null | undefined;
  readonly description_localizations?: Readonly<Partial<Record<string, string | null>>> | null | undefined;
  readonly options?: readonly Named[] | null | undefined;
  readonly choices?: readonly (Named & { readonly value: string | number })[] | null | undefined;
}

/** Characters of names, descriptions and values, each with its longest localisation: what Discord's 8,000 are counted in. */
export function commandSize(value: Named): number {
  const longest = (text: string | null | undefined, others: Named['name_localizations']) =>
    Math.max(text?.length ?? 0, ...Object.values(others ?? {}).map((other) => other?.length ?? 0));
  const own =
    longest(value.name, value.name_localizations) + longest(value.description, value.description_localizations);
  const choices = (value.choices ?? []).reduce(
    (sum, one) => sum + longest(one.name, one.name_localizations) + String(one.value).length,
    0,
  );
  return own + choices + (value.options ?? []).reduce((sum, option) => sum + commandSize(option), 0);
}
