// The editor of the JitAI folders (hosts/python/jitai): TypeScript that the platform translates. Here it is translated in the same manner and runs
// on stand-ins of React and antd, which only keep what they are given.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import typescript from 'typescript';

const FOLDER = fileURLToPath(new URL('../../python/jitai/corps/WecomElement/Editor/', import.meta.url));

/** @param {Record<string, any>} modules those of the platform @returns {(name: string) => any} */
function loader(modules) {
  /** @type {(name: string) => any} */
  const load = (name) => {
    if (modules[name] === undefined) {
      const file = ['.ts', '.tsx'].map((ending) => `${FOLDER}${name}${ending}`).find((path) => path.includes('/./') && exists(path));
      assert.ok(file, `the platform has no ${name}`);
      const { outputText, diagnostics } = typescript.transpileModule(readFileSync(file, 'utf8'), {
        reportDiagnostics: true, fileName: file, compilerOptions: { module: typescript.ModuleKind.CommonJS, target: typescript.ScriptTarget.ES2022, jsx: typescript.JsxEmit.ReactJSX },
      });
      assert.deepEqual(diagnostics, []);
      modules[name] = {};
      new Function('require', 'exports', outputText)(load, modules[name]);
    }
    return modules[name];
  };
  return load;
}

/** @param {string} path */
function exists(path) {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Elements are what they were made of; a hook remembers nothing. */
function platform() {
  const jsx = (/** @type {any} */ type, /** @type {any} */ props) => ({ type, props });
  /** @type {string[]} */
  const said = [];
  const say = (/** @type {string} */ text) => { said.push(text); };
  const Form = Object.assign(() => {}, { Item: 'Form.Item' });
  const Input = Object.assign(() => {}, { Password: 'Input.Password' });
  const load = loader({
    react: { useState: (/** @type {any} */ value) => [value, () => {}] }, 'react/jsx-runtime': { jsx, jsxs: jsx, Fragment: 'Fragment' },
    antd: { Form, Input, Button: 'Button', Space: 'Space', message: { success: say, error: say } },
  });
  return { load, said, Input };
}

/** What the editor shows for a configuration. @param {any} config @param {(config: any) => Promise<void>} [onSave] */
function shown(config, onSave = async () => {}) {
  const { load, said, Input } = platform();
  const form = load('./index').Editor({ elementInfo: { fullName: 'corps.MyWecom', title: 'x', config }, onSave, onCancel: () => {} });
  const items = form.props.children[0].map((/** @type {any} */ item) => item.props);
  return { form, said, Input, items, item: (/** @type {string} */ name) => items.find((/** @type {any} */ each) => each.name === name) };
}

const WECOM = { corpId: 'ww21c67da6767865c2', agentId: 1000073, secret: 'abc', sync: { fields: ['mobile'], guard: { percent: 20 } } };

test('a form has what the component describes, and hides secrets', () => {
  const { form, item, items, Input } = shown(WECOM);
  assert.ok(items.length > 20);
  assert.match(item('corpId').label, /企业 ID \/ Corp ID/);
  assert.equal(item('secret').children.type, 'Input.Password');
  assert.equal(item('corpId').children.type, Input);
  const { initialValues } = form.props;
  assert.deepEqual([initialValues.corpId, initialValues.agentId, initialValues['sync.guard.percent'], initialValues.redirectUri], ['ww21c67da6767865c2', '1000073', '20', undefined]);
  assert.equal(item('sync.fields'), undefined);
});

test('what is no value is told before it is saved, and a variable is one', async () => {
  const { item } = shown(WECOM);
  const judged = (/** @type {string} */ name, /** @type {string | undefined} */ text) => item(name).rules[0].validator(null, text);
  for (const [name, text] of [['corpId', 'ww21c67da6767865c2'], ['corpId', '{{WECOM_CORP_ID}}'], ['redirectUri', ''], ['redirectUri', undefined]]) await judged(/** @type {string} */ (name), text);
  for (const [name, text, words] of [['corpId', '', /请填写.*enter/], ['corpId', ' ', /请填写/], ['corpId', 'x', /不是有效/], ['agentId', 'x{{A}}', /不是有效/]]) {
    await assert.rejects(judged(/** @type {string} */ (name), /** @type {string} */ (text)), { message: /** @type {RegExp} */ (words) });
  }
});

test('what is saved keeps the spelling of the instance, and what no field shows', async () => {
  const untouched = (/** @type {any} */ config) => {
    const { form } = shown(config);
    return form.props.initialValues;
  };
  for (const [config, change, expected] of /** @type {any[]} */ ([
    [WECOM, {}, WECOM],
    [WECOM, { agentId: '1000074', 'sync.guard.percent': '' }, { ...WECOM, agentId: '1000074', sync: { fields: ['mobile'], guard: {} } }],
    [WECOM, { 'sync.guard.floor': ' 3 ' }, { ...WECOM, sync: { fields: ['mobile'], guard: { percent: 20, floor: '3' } } }],
    [{ corpId: 'a', corpSecret: 'b' }, { secret: 'c' }, { corpId: 'a', corpSecret: 'c' }],
    [{ authConfig: { corpId: 'a' }, isActive: 1 }, { corpId: 'd', secret: 'c' }, { authConfig: { corpId: 'd', secret: 'c' }, isActive: 1 }],
    [undefined, { corpId: 'a' }, { corpId: 'a' }],
  ])) {
    const before = JSON.stringify(config);
    /** @type {any} */
    let saved;
    const { form, said } = shown(config, async (made) => { saved = made; });
    await form.props.onFinish({ ...untouched(config), ...change });
    assert.deepEqual(saved, expected);
    assert.deepEqual([JSON.stringify(config), said], [before, ['已保存 / saved']]);
  }
});

test('a save that fails is said', async () => {
  const { form, said } = shown(WECOM, async () => { throw new Error('no'); });
  await form.props.onFinish({});
  assert.deepEqual(said, ['保存失败 / not saved: no']);
});
