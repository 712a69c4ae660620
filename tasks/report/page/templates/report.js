"use strict";
// Two pictures on top of each other, and a divider between them. The pictures are those that the
// page shows anyway; without this script they stand side by side.
for (const slider of document.querySelectorAll(".slider")) {
  const section = slider.closest(".job");
  const stage = slider.querySelector(".stage");
  const range = slider.querySelector("input[type=range]");
  const choices = { left: slider.querySelector(".left"), right: slider.querySelector(".right") };
  const images = {};
  for (const side of ["right", "left"]) {
    images[side] = new Image();
    stage.insertBefore(images[side], stage.querySelector(".edge"));
  }

  function show() {
    const part = slider.querySelector("input[type=radio]:checked").value;
    for (const side of ["left", "right"]) {
      const model = choices[side].value;
      const picture = [...section.querySelectorAll(".pictures img")].find(
        (image) => image.dataset.model === model && image.dataset.part === part
      );
      images[side].src = picture.src;
      images[side].width = picture.width;
      images[side].height = picture.height;
      images[side].alt = picture.alt;
      slider.querySelector(".tag-" + side).textContent = model;
    }
    divide();
  }

  function divide() {
    const place = Number(range.value);
    images.left.style.clipPath = "inset(0 " + (100 - place) + "% 0 0)";
    slider.querySelector(".edge").style.left = place + "%";
    range.setAttribute(
      "aria-valuetext",
      place + " % " + choices.left.value + ", the rest " + choices.right.value
    );
  }

  function drag(event) {
    if (event.buttons === 1) {
      const box = stage.getBoundingClientRect();
      range.value = String((100 * (event.clientX - box.left)) / box.width);
      divide();
    }
  }

  range.addEventListener("input", divide);
  stage.addEventListener("pointerdown", drag);
  stage.addEventListener("pointermove", drag);
  slider.addEventListener("change", show);
  slider.hidden = false;
  show();
}
window.addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
