import type { Instructions } from '../../core/issuer.ts';

/** What a person does to make a key. The old one must outlive the overlap, so the last step says so. */
export function createInstructions(console: string): Instructions {
  return {
    url: console,
    steps: [
      `open ${console} and make a new key; where there is an old one, with the same rights`,
      'if the page says that it replaces an old key at once, and there is one in use, stop: there is no overlap',
      'hand the new key over with keyturn provide and the name of the credential, at the prompt or by --stdin',
      'where there is an old key, do not delete or change it until the overlap is over; keyturn says when',
    ],
  };
}

/** What a person does to remove the old key, and how that comes to be known. */
export function removeInstructions(console: string, proves: boolean): Instructions {
  return {
    url: console,
    steps: [
      `open ${console} and delete the old key: of the two, the one that was made earlier`,
      'leave the new key as it is; consumers use it',
      proves
        ? 'no command is needed: the next keyturn run tries the old key and sees that it is refused'
        : 'then say so with keyturn revoke NAME --attest --reason TEXT; nothing here can test it',
    ],
  };
}
