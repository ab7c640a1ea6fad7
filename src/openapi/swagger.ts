import {OpenApiError} from './document.ts';
import {checkSize} from './work.ts';

/** The part of the package `@scalar/openapi-upgrader` that is used. */
interface Upgrader {
  upgradeFromTwoToThree(document: object): unknown;
}

/** Imports the package. Tests replace this import with one that fails. */
export type ImportUpgrader = () => Promise<Upgrader>;

const upgrader = '@scalar/openapi-upgrader';

// The package is an optional peer dependency, whose types need not be there when this module is compiled.
const importUpgrader: ImportUpgrader = () => import(`${upgrader}/2.0-to-3.0`) as Promise<Upgrader>;

/** The most characters of a Swagger document, with aliases expanded: the upgrade copies each part. */
const mostCharacters = 32 * 2 ** 20;

/** A document as it is, or upgraded to OpenAPI 3.0 if it is Swagger 2.0. */
export async function upgraded(
  value: unknown,
  name: string,
  importPackage: ImportUpgrader = importUpgrader,
): Promise<unknown> {
  const version = (value as {readonly swagger?: unknown} | null)?.swagger;
  if (version !== '2.0' && version !== 2) return value;
  let library: Upgrader;
  try {
    library = await importPackage();
  } catch (cause) {
    throw new MissingUpgraderError(name, {cause});
  }
  checkSize(value, name, mostCharacters);
  let document: unknown;
  try {
    document = library.upgradeFromTwoToThree({...(value as object), swagger: '2.0'});
  } catch (cause) {
    throw new OpenApiError(`${name} is Swagger 2.0, and can't be upgraded to OpenAPI 3`, {cause});
  }
  checkSize(document, name);
  return document;
}

/**
 * A document is Swagger 2.0, and the package `@scalar/openapi-upgrader` can't be loaded. It is an optional peer dependency of
 * aiofetch, because documents of OpenAPI 3 don't need it. The message names the command that installs it.
 */
export class MissingUpgraderError extends OpenApiError {
  override readonly name = 'MissingUpgraderError';

  constructor(file: string, options: ErrorOptions) {
    super(
      `${file} is Swagger 2.0, which needs the package "${upgrader}" (Node 22 or later). Run: npm install ${upgrader}`,
      options,
    );
  }
}
