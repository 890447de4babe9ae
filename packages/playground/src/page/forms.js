import { h } from './dom.js';
import { readFile } from './live.js';
import { markdown } from './markdown.js';
import { open } from './overlays.js';

/** One field of a form: its element and how to read it. */
function field(component, label, description, context) {
  const id = `field-${component.custom_id}`;
  const isRequired = component.required !== false && component.type !== 23;
  const caption = h(
    'label',
    { for: id },
    label,
    isRequired ? h('span', { class: 'required', title: 'required' }, ' *') : null,
  );
  const hint = description ? h('p', { class: 'quiet' }, description) : null;
  const made = control(component, id, isRequired, context);
  return {
    element: h('div', { class: 'form-field' }, caption, hint, made.element),
    id: component.custom_id,
    read: made.read,
  };
}

function control(component, id, isRequired, context) {
  const options = component.options ?? [];
  switch (component.type) {
    case 4: {
      const attributes = {
        id,
        maxlength: component.max_length ?? 4000,
        minlength: component.min_length,
        required: isRequired,
        placeholder: component.placeholder,
        value: component.value ?? '',
      };
      const element =
        component.style === 2 ? h('textarea', { rows: 4, ...attributes }) : h('input', { type: 'text', ...attributes });
      return { element, read: async () => element.value };
    }
    case 19: {
      const element = h('input', { id, type: 'file', multiple: (component.max_values ?? 1) > 1, required: isRequired });
      return { element, read: () => Promise.all([...element.files].map(readFile)) };
    }
    case 23: {
      const element = h('input', { id, type: 'checkbox', checked: component.default === true });
      return { element, read: async () => element.checked };
    }
    case 21:
    case 22: {
      const type = component.type === 21 ? 'radio' : 'checkbox';
      const boxes = options.map((one) =>
        h('input', { type, name: id, value: one.value, checked: one.default === true }),
      );
      const element = h(
        'div',
        { id, role: 'group' },
        boxes.map((box, index) => h('label', { class: 'choice' }, box, ' ', options[index].label)),
      );
      const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
      return { element, read: async () => (component.type === 21 ? (chosen()[0] ?? '') : chosen()) };
    }
    default: {
      const list = options.length > 0 ? options : context.people.map(({ id: value, name }) => ({ value, label: name }));
      const isMany = (component.max_values ?? 1) > 1;
      const element = h(
        'select',
        { id, multiple: isMany, required: isRequired },
        isMany ? null : h('option', { value: '' }, component.placeholder ?? 'Choose…'),
        list.map((one) => h('option', { value: one.value, selected: one.default === true }, one.label)),
      );
      return {
        element,
        read: async () => [...element.selectedOptions].map((one) => one.value).filter((value) => value !== ''),
      };
    }
  }
}

/**
 * Opens a modal.
 * @param onSubmit gets the values by custom id; when it throws, the form stays open and says why
 */
export function openForm(modal, context, onSubmit) {
  const fields = [];
  const rows = modal.components.map((one) => {
    if (one.type === 10) {
      return h('div', { class: 'text' }, markdown(one.content, context));
    }
    const inner = one.type === 18 ? one.component : one.components[0];
    const made = field(inner, one.type === 18 ? one.label : inner.label, one.description, context);
    fields.push(made);
    return made.element;
  });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const submit = h('button', { type: 'submit', class: 'button primary' }, 'Submit');
  const cancel = h('button', { type: 'button', class: 'button secondary' }, 'Cancel');
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', {}, modal.title),
    rows,
    problem,
    h('div', { class: 'buttons' }, cancel, submit),
  );
  const dialog = h('dialog', { class: 'form', 'aria-label': modal.title }, form);
  cancel.addEventListener('click', () => dialog.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      const values = await Promise.all(fields.map(async ({ id, read }) => [id, await read()]));
      await onSubmit(Object.fromEntries(values));
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      submit.disabled = false;
    }
  });
  open(dialog);
}
