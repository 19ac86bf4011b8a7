import { sentParts } from '../http/live-check-settings.ts';
import type { Description } from './fields.ts';
import { type Place, placesIn, type Source } from './places.ts';
import { idPartOf } from './traits.ts';

interface Issues {
  addIssue(issue: { readonly code: 'custom'; readonly message: string; readonly path: PropertyKey[] }): void;
}

type OperationName = 'create' | 'revoke' | 'promote' | 'abort' | 'list' | 'find' | 'lastUsed' | 'describe';

/** Which places each operation can fill. */
const FILLED: Readonly<Record<OperationName, readonly Source[]>> = {
  create: ['rotation', 'current', 'secret'],
  revoke: ['key', 'current', 'secret'],
  promote: ['key', 'current', 'secret'],
  abort: ['key', 'current', 'secret'],
  list: ['current', 'secret'],
  find: ['rotation', 'current', 'secret'],
  lastUsed: ['key', 'current', 'secret'],
  describe: ['key', 'secret'],
};
const OPERATIONS = Object.keys(FILLED) as readonly OperationName[];

const LOOKS: readonly OperationName[] = ['list', 'find', 'lastUsed', 'describe'];

function hasBody({ json, form }: Pick<Description['create'], 'json' | 'form'>): boolean {
  return json !== undefined || form !== undefined;
}

/** The names of the parts of a key that is described. */
export function partsOf(given: Pick<Description, 'secret' | 'create'>): readonly string[] {
  return given.secret === undefined ? Object.keys(given.create.reply.parts ?? {}) : ['value'];
}

/** The mistakes of a description that only show when it is seen whole. */
export function checkDescription(given: Description, issues: Issues): void {
  const fault = (message: string, ...path: PropertyKey[]) =>
    issues.addIssue({ code: 'custom', message, path });
  checkParts(given, fault);
  checkEnds(given, fault);
  for (const name of OPERATIONS) {
    const operation = given[name];
    if (operation === undefined) continue;
    if (operation.url.startsWith('/') && given.baseUrl === undefined) {
      fault(
        'is a path, and there is no baseUrl to add it to; add baseUrl, or write the whole URL',
        name,
        'url',
      );
    }
    if (LOOKS.includes(name) && operation.method === undefined && hasBody(operation)) {
      fault('is missing: GET is usual here and has no body; write the method, such as POST', name, 'method');
    }
    checkPlaces(given, name, operation, [name], fault);
    if (operation.answers?.full !== undefined && name !== 'create') {
      fault('has no meaning here; only a create can meet a full set', name, 'answers', 'full');
    }
  }
  const authPlaces = placesIn(given.auth);
  const stranger = authPlaces.find((place) => !partsOf(given).includes(place.name));
  if (stranger !== undefined) fault(`names {current.${stranger.name}}, which is no part of a key`, 'auth');
  if (given.describe !== undefined && given.describe.auth === undefined && authPlaces.length > 0) {
    fault(
      'cannot use {current.PART}, by which auth says who it is; add auth: none, or leave describe out',
      'describe',
    );
  }
  if (given.lastUsed !== undefined && !placesIn(given.lastUsed).some((place) => place.name === 'id')) {
    fault('does not say which key is meant; put {key.id} into it', 'lastUsed');
  }
}

type Fault = (message: string, ...path: PropertyKey[]) => void;

function checkParts(given: Description, fault: Fault): void {
  const declared = Object.keys(given.create.reply.parts ?? {});
  if (given.secret !== undefined && declared.length > 0) {
    fault('has no meaning beside secret: keyturn makes the secret; remove it', 'create', 'reply', 'parts');
  }
  if (given.secret === undefined && declared.length === 0) {
    const message = 'is missing: nothing says where the new key stands; add { value: /pointer }';
    fault(message, 'create', 'reply', 'parts');
  }
  if (declared.length === 1 && declared[0] !== 'value') {
    fault('must name a single part value', 'create', 'reply', 'parts');
  }
  if (declared.includes('id')) {
    fault(
      'cannot be named id, which is the id that the provider gives; name it otherwise',
      'create',
      'reply',
      'parts',
      'id',
    );
  }
  if (given.secret !== undefined && !placesIn(given.create).some(({ from }) => from === 'key')) {
    fault('does not send the secret that keyturn makes; put {key.value} where it belongs', 'create');
  }
  if (declared.length === 1 && idPartOf(given) !== null) {
    fault(
      'leads to the key itself, and ids are shown and written down; name the id, or leave it out and put {key.value} into revoke',
      'create',
      'reply',
      'id',
    );
  }
  const parts = partsOf(given);
  const stranger = sentParts(given.verify).find((part) => !parts.includes(part));
  if (stranger !== undefined && parts.length > 0) {
    fault(`sends {key.${stranger}}, which is no part of a key; its parts are ${parts.join(', ')}`, 'verify');
  }
}

/** How keys end: by revoke; by promote and abort; or, where only one can live, by their successor. */
function checkEnds(given: Description, fault: Fault): void {
  const { revoke, promote, abort, maxLive } = given;
  if ((promote === undefined) !== (abort === undefined)) {
    fault('needs the other of promote and abort', promote === undefined ? 'abort' : 'promote');
  }
  if (revoke !== undefined && promote !== undefined)
    fault('has no meaning beside promote; keep one of the two', 'revoke');
  if (revoke === undefined && promote === undefined && maxLive !== 1) {
    fault(
      'is missing: nothing says how a key ends; add it, or maxLive: 1 where making a key ends the other',
      'revoke',
    );
  }
  if (maxLive === 1 && (revoke ?? promote) !== undefined) {
    fault(
      'says that making a key ends the other, so that none is left to end; remove the operation',
      'maxLive',
    );
  }
  const named = placesIn(revoke).filter(({ from }) => from === 'key');
  if (revoke !== undefined && named.length === 0) {
    fault('does not say which key is meant; put {key.id} or a part of the key into it', 'revoke');
  }
  // The id of a secret that keyturn made is the one that the list has in addition.
  const listed = given.secret !== undefined && given.list !== undefined;
  if (named.some(({ name }) => name === 'id') && given.create.reply.id === undefined && !listed) {
    const message = 'is missing: revoke goes by {key.id}, and nothing says where the id of a new key stands';
    fault(message, 'create', 'reply', 'id');
  }
}

function checkPlaces(
  given: Description,
  name: OperationName,
  value: unknown,
  path: readonly PropertyKey[],
  fault: Fault,
): void {
  if (typeof value === 'string') {
    for (const place of placesIn(value)) {
      const message = placeFault(given, name, place);
      if (message !== null) fault(message, ...path);
    }
  } else if (value !== null && typeof value === 'object') {
    for (const [step, inner] of Object.entries(value))
      checkPlaces(given, name, inner, [...path, step], fault);
  }
}

function placeFault(given: Description, operation: OperationName, { from, name }: Place): string | null {
  const text = `{${from}.${name}}`;
  const allowed = FILLED[operation].includes(from) || (operation === 'create' && from === 'key');
  if (!allowed) return `holds ${text}, which ${operation} does not know`;
  if (from === 'rotation') return null;
  if (from === 'secret') {
    const known = Object.keys(given.secrets ?? {});
    return known.includes(name) ? null : `holds ${text}, which is not under secrets`;
  }
  if (from === 'key' && operation === 'create' && (given.secret === undefined || name === 'id')) {
    return `holds ${text}; create knows a key only where secret says that keyturn makes it`;
  }
  if (from === 'key' && name === 'id' && operation === 'describe' && idPartOf(given) === null) {
    return `holds ${text}; describe knows a key by its parts, and none of them is its id`;
  }
  if (from === 'key' && name === 'id') return null;
  const parts = partsOf(given);
  return parts.length === 0 || parts.includes(name) ? null : `holds ${text}, which is no part of a key`;
}
