import { Composer, type CST, type ErrorCode, Lexer, LineCounter, type ParsedNode, Parser } from 'yaml';
import { type Complain, MAX_DEPTH, placeAt, type SourceNode, toSource } from './source.ts';

/** One broken quote makes many errors; the first ones tell. */
const MAX_ERRORS = 20;

type Words = readonly [reason: string, remedy: string];

/** The parser's own messages quote the file, which may hold a secret; these stand in for them. */
const SYNTAX: Partial<Record<ErrorCode, Words>> = {
  BAD_INDENT: ['the indentation does not fit the lines before it', 'indent it like its neighbours'],
  TAB_AS_INDENT: ['a tab stands in the indentation', 'indent with spaces'],
  MISSING_CHAR: ['a quote, a bracket, a comma or a colon is missing', 'add it, or quote the text'],
  BAD_SCALAR_START: ['a text begins with a character that means something else in YAML', 'put it in quotes'],
  BAD_DQ_ESCAPE: ['there is an unknown escape in a quoted text', 'write \\\\ for a backslash'],
  BLOCK_AS_IMPLICIT_KEY: ['a second ": " stands in the same line', 'put the text in quotes'],
  MULTILINE_IMPLICIT_KEY: ['a key runs over more than one line', 'end the line before it, or quote the text'],
  TAG_RESOLVE_FAILED: ['YAML tags are not supported', 'remove the tag'],
  BAD_DIRECTIVE: ['YAML directives are not supported', 'remove the line'],
};
const ANY_SYNTAX: Words = [
  'this is not valid YAML',
  'check the punctuation, and quote text with special characters',
];

/** Reads YAML 1.2 into plain values with their places. Null after a mistake that leaves nothing to go on with. */
export function readYaml(text: string, complain: Complain): SourceNode | null {
  const lines = new LineCounter();
  // Refused before the parser recurses into it.
  let tooDeep: number | null = null;
  const tokens = function* (): Generator<CST.Token> {
    const parser = new Parser(lines.addNewLine);
    lines.addNewLine(0);
    for (const lexeme of new Lexer().lex(text)) {
      yield* parser.next(lexeme);
      if (parser.stack.length > MAX_DEPTH) {
        tooDeep = parser.offset;
        return;
      }
    }
    yield* parser.end();
  };
  const composer = new Composer({
    schema: 'core',
    version: '1.2',
    resolveKnownTags: false,
    prettyErrors: false,
    // Checked in toSource: the parser compares every key with every other.
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const documents = [...composer.compose(tokens(), true, text.length)];
  if (tooDeep !== null) {
    complain(placeAt(lines, tooDeep), `it is nested deeper than ${MAX_DEPTH}`, 'write it flatter');
    return null;
  }
  const [document, second] = documents;
  for (const { code, pos } of (document?.errors ?? []).slice(0, MAX_ERRORS)) {
    complain(placeAt(lines, pos[0]), ...(SYNTAX[code] ?? ANY_SYNTAX));
  }
  for (const { code, pos } of (document?.warnings ?? []).slice(0, MAX_ERRORS)) {
    complain(placeAt(lines, pos[0]), ...(SYNTAX[code] ?? ANY_SYNTAX));
  }
  if (second !== undefined) {
    complain(placeAt(lines, second.range[0]), 'a second document begins', 'keep one document per file');
  }
  if (document === undefined || document.errors.length > 0) return null;
  const contents = document.contents as ParsedNode | null;
  return contents === null ? null : toSource(contents, lines, complain);
}
