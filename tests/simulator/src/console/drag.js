// Moves a member or a department to the department on which it is dropped, by the form of the page for that. What comes from
// elsewhere is dropped on nothing.
(() => {
  "use strict";
  let dragged = null;
  const department = (event) => event.target.closest?.("[data-department]");
  const mark = (over) => document.querySelectorAll(".dropping").forEach((one) => one !== over && one.classList.remove("dropping"));

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-move]") ?? null;
  });
  document.addEventListener("dragend", () => {
    dragged = null;
    mark(null);
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && department(event);
    mark(over);
    if (over && over !== dragged) {
      event.preventDefault();
      over.classList.add("dropping");
    }
  });
  document.addEventListener("drop", (event) => {
    const over = dragged && department(event);
    if (!over || over === dragged) return;
    event.preventDefault();
    const form = document.getElementById(dragged.dataset.move);
    form.elements.id.value = dragged.dataset.id;
    form.elements[form.dataset.into].value = over.dataset.department;
    form.requestSubmit();
  });
})();
