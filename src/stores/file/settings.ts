import * as z from 'zod/mini';
import type { StoreKind } from '../../core/plugin.ts';
import { reference } from '../../core/setting.ts';

const NOT_A_RECIPIENT = 'must be a list of age recipients, which begin with age1';

export const fileSettings = z.strictObject({
  kind: z.literal('file'),
  path: z
    .string({ error: 'must be the path of a folder' })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .check(z.regex(/^[^\u0000-\u001f\u007f]+$/, { error: 'must be the path of a folder, on one line' }))
    .register(z.globalRegistry, {
      description: 'The folder of encrypted files; relative to this file, `~` is expanded.',
    }),
  identity: reference('The age identity that opens the files: env:NAME or file:PATH.')
    .check(
      z.refine((text) => !text.startsWith('store:'), {
        error: 'must be env:NAME or file:PATH: a store cannot hold the key to itself',
      }),
    )
    .register(z.globalRegistry, {
      description: 'The age identity that opens the files: env:NAME or file:PATH.',
      reference: true,
    }),
  recipients: z.optional(
    z
      .array(z.string().check(z.regex(/^age1[02-9ac-hj-np-z]+$/, { error: NOT_A_RECIPIENT })), {
        error: NOT_A_RECIPIENT,
      })
      .register(z.globalRegistry, {
        description: 'Who else can open the files: age recipients. That of `identity` is always among them.',
      }),
  ),
  shared: z.optional(
    z.boolean({ error: 'must be true or false' }).register(z.globalRegistry, {
      description: 'Says that the folder outlasts this machine, as a mounted volume does. CI needs it.',
      default: false,
    }),
  ),
});

export type FileSettings = z.output<typeof fileSettings>;

export const fileKind: StoreKind<FileSettings> = {
  kind: 'file',
  summary: 'A folder of files that are encrypted with age.',
  settings: fileSettings,
  load: async () => (await import('./index.ts')).createFileStore,
};
