// Every public name of the package, and every public member of its classes and interfaces, has a doc comment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import ts from 'typescript';

test('every public name is documented', () => {
  const file = 'dist/index.d.ts';
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022 });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  assert(module, `${file} is not built`);
  const undocumented: string[] = [];
  let seen = 0;
  const check = (name: string, symbol: ts.Symbol) => {
    seen += 1;
    if (symbol.getDocumentationComment(checker).length === 0) undocumented.push(name);
  };
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    check(symbol.name, symbol);
    for (const member of symbol.members?.values() ?? []) {
      const declared = member.declarations?.some((node) => ts.isMethodDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isPropertySignature(node) || ts.isGetAccessor(node));
      const hidden = member.declarations?.some((node) => ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) ?? false;
      if (declared && !hidden && !member.name.startsWith('__#')) check(`${symbol.name}.${member.name}`, member);
    }
  }
  assert.deepEqual(undocumented, []);
  assert(seen > 150, `only ${seen} names`);
});
