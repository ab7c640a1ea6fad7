import {stripTypeScriptTypes} from 'node:module';
import ts from 'typescript';
import * as aiofetch from '../../../src/index.ts';
import {jsonStyle} from '../../../src/openapi/context.ts';

/** Kinds of types that a generated module consists of. All others, as `typeof` and `import()`, are refused. */
const typeKinds: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AnyKeyword,
  ts.SyntaxKind.ArrayType,
  ts.SyntaxKind.BooleanKeyword,
  ts.SyntaxKind.IndexSignature,
  ts.SyntaxKind.IntersectionType,
  ts.SyntaxKind.LiteralType,
  ts.SyntaxKind.NeverKeyword,
  ts.SyntaxKind.NumberKeyword,
  ts.SyntaxKind.ParenthesizedType,
  ts.SyntaxKind.PropertySignature,
  ts.SyntaxKind.RestType,
  ts.SyntaxKind.StringKeyword,
  ts.SyntaxKind.TupleType,
  ts.SyntaxKind.TypeLiteral,
  ts.SyntaxKind.TypeOperator,
  ts.SyntaxKind.TypeReference,
  ts.SyntaxKind.UndefinedKeyword,
  ts.SyntaxKind.UnionType,
  ts.SyntaxKind.UnknownKeyword,
]);
const builtInTypes = ['Blob', 'Date', 'Record'];

/**
 * Parses a generated module and evaluates it.
 *
 * @throws Error for everything that a generated module never consists of: statements other than its imports, types and
 * constants, and expressions other than literals, its own names and calls of the functions that it imports
 */
export function checkInert(code: string): void {
  const file = ts.createSourceFile('client.ts', code, ts.ScriptTarget.Latest, true);
  const [problem] = (file as unknown as {parseDiagnostics: readonly ts.Diagnostic[]}).parseDiagnostics;
  if (problem)
    throw new Error(`${ts.flattenDiagnosticMessageText(problem.messageText, '\n')} at ${problem.start}`);
  const functions = new Set<string>();
  const constants = new Set<string>();
  const types = new Set<string>(builtInTypes);
  const refuse = (node: ts.Node): never => {
    throw new Error(`${ts.SyntaxKind[node.kind]} in the module: ${node.getText(file).slice(0, 200)}`);
  };
  const take = (names: Set<string>, {text}: ts.Identifier): void => {
    if (names.has(text)) throw new Error(`${text} is declared twice`);
    names.add(text);
  };
  for (const statement of file.statements) {
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
      take(types, statement.name);
  }

  function checkType(node: ts.Node): void {
    if (ts.isTypeReferenceNode(node)) {
      if (!types.has(node.typeName.getText(file))) refuse(node);
      node.typeArguments?.forEach(checkType);
    } else if (ts.isLiteralTypeNode(node)) {
      const {literal} = node;
      const inner = ts.isPrefixUnaryExpression(literal) ? literal.operand : literal;
      const isLiteral = ts.isStringLiteral(inner) || ts.isNumericLiteral(inner);
      const keywords = [ts.SyntaxKind.NullKeyword, ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword];
      if (!isLiteral && !keywords.includes(inner.kind)) refuse(node);
    } else if (ts.isPropertySignature(node)) {
      checkName(node.name);
      if (node.type) checkType(node.type);
    } else if (ts.isIndexSignatureDeclaration(node)) checkType(node.type);
    else {
      if (!typeKinds.has(node.kind)) refuse(node);
      ts.forEachChild(node, checkType);
    }
  }

  function checkName(name: ts.PropertyName): void {
    if (ts.isComputedPropertyName(name)) {
      if (!ts.isStringLiteral(name.expression)) refuse(name);
    } else if (!ts.isIdentifier(name) && !ts.isStringLiteral(name) && !ts.isNumericLiteral(name))
      refuse(name);
  }

  function checkExpression(node: ts.Expression): void {
    if (ts.isStringLiteral(node) || node.kind === ts.SyntaxKind.TrueKeyword) return;
    if (node.kind === ts.SyntaxKind.FalseKeyword || node.getText(file) === jsonStyle) return;
    if (ts.isIdentifier(node)) {
      if (node.text !== 'undefined' && !constants.has(node.text)) refuse(node);
    } else if (ts.isObjectLiteralExpression(node)) {
      for (const member of node.properties) {
        if (ts.isPropertyAssignment(member)) {
          checkName(member.name);
          if (member.name.getText(file) === '__proto__') refuse(member);
          checkExpression(member.initializer);
        } else if (ts.isShorthandPropertyAssignment(member)) checkExpression(member.name);
        else refuse(member);
      }
    } else if (ts.isCallExpression(node)) {
      if (!ts.isIdentifier(node.expression) || !functions.has(node.expression.text)) refuse(node);
      node.typeArguments?.forEach(checkType);
      node.arguments.forEach(checkExpression);
    } else refuse(node);
  }

  function checkStatement(statement: ts.Statement): void {
    if (ts.isImportDeclaration(statement)) {
      if (statement.moduleSpecifier.getText(file) !== "'aiofetch'") refuse(statement);
      const bindings = statement.importClause?.namedBindings;
      if (!bindings || !ts.isNamedImports(bindings)) refuse(statement);
      else for (const {name} of bindings.elements) take(functions, name);
    } else if (ts.isInterfaceDeclaration(statement)) statement.members.forEach(checkType);
    else if (ts.isTypeAliasDeclaration(statement)) {
      if (statement.getText(file) !== 'export type Client = ReturnType<typeof createClient>;')
        checkType(statement.type);
    } else if (ts.isVariableStatement(statement)) {
      for (const {name, initializer} of statement.declarationList.declarations) {
        if (!ts.isIdentifier(name) || !initializer) refuse(statement);
        else {
          checkExpression(initializer);
          take(constants, name);
        }
      }
    } else refuse(statement);
  }

  file.statements.forEach(checkStatement);
  evaluate(code);
}

/** Evaluates a module whose only import is `aiofetch`, without a loader. Its endpoints are checked as hand-written ones are. */
function evaluate(code: string): void {
  const script = stripTypeScriptTypes(code)
    .replace(/^import (\{[^}]*\}) from 'aiofetch';$/m, 'const $1 = aiofetch;')
    .replaceAll(/^export const /gm, 'const ');
  new Function('aiofetch', `'use strict';\n${script}`)({...aiofetch, uncheckedEndpoint: aiofetch.endpoint});
}
