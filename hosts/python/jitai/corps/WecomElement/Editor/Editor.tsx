// Edits the configuration of an organisation or a login in the platform's tool. What can be configured is the component's word:
// `fields.ts` holds its answer.

import type { FC } from 'react';
import { useState } from 'react';
import { Button, Form, Input, Space, message } from 'antd';

import type { Config } from './document';
import { VARIABLE, textOf, withTexts } from './document';
import type { Field, Words } from './fields';
import { fields } from './fields';

interface Props {
  elementInfo: { fullName: string; title: string; config?: Config };
  onSave: (config: Config) => Promise<void>;
  onCancel: () => void;
}

const both = ({ zh, en }: Words) => (zh === en ? zh : `${zh} / ${en}`);

/** Whether a text is a sound value, or a variable that the platform fills in. */
const check = (field: Field) => async (_: unknown, given?: string) => {
  const text = given?.trim() ?? '';
  if (text === '') {
    if (field.required) throw new Error(`请填写${field.label.zh} / enter ${field.label.en}`);
  } else if (!VARIABLE.test(text) && !new RegExp(field.pattern).test(text)) {
    throw new Error(`不是有效的${field.label.zh} / no valid ${field.label.en}`);
  }
};

export const Editor: FC<Props> = ({ elementInfo, onSave, onCancel }) => {
  const config = elementInfo.config ?? {};
  const [isSaving, setSaving] = useState(false);
  const save = async (texts: Record<string, string | undefined>) => {
    setSaving(true);
    try {
      await onSave(withTexts(config, texts));
      message.success('已保存 / saved');
    } catch (error) {
      message.error(`保存失败 / not saved: ${(error as Error).message}`);
    } finally {
      setSaving(false);
    }
  };
  return (
    <Form layout="vertical" onFinish={save} initialValues={Object.fromEntries(fields.map(({ key }) => [key, textOf(config, key)]))}>
      {fields.map((field) => (
        <Form.Item
          key={field.key}
          name={field.key}
          label={both(field.label)}
          required={field.required}
          rules={[{ validator: check(field) }]}
          extra={<>{both(field.help)}{field.where && <div>{both(field.where)}</div>}</>}
        >
          {field.secret ? <Input.Password autoComplete="new-password" /> : <Input placeholder={field.default ?? undefined} />}
        </Form.Item>
      ))}
      <Space>
        <Button onClick={onCancel}>取消 / Cancel</Button>
        <Button type="primary" htmlType="submit" loading={isSaving}>保存 / Save</Button>
      </Space>
    </Form>
  );
};
