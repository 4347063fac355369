"use strict";
document.querySelectorAll("table").forEach(table => {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  if (body.rows.length < 3) return;
  const read = (row, at) => row.cells[at].textContent.replace(/\u2212/g, "-").replace(/[\s\u00a0\u202f]+/g, " ").trim();
  const number = text => { const found = /[-+]?\d[\d ]*(\.\d+)?/.exec(text); return found ? parseFloat(found[0].replace(/ /g, "")) : NaN; };
  heads.forEach((head, at) => {
    if (head.tagName !== "TH") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("num"), falls = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : numeric;
      const rows = [...body.rows].map(row => [row, numeric ? number(read(row, at)) : read(row, at)]);
      rows.sort(([, a], [, b]) => {
        if (a !== a || b !== b) return (a !== a) - (b !== b);
        return (a < b ? -1 : a > b ? 1 : 0) * (falls ? -1 : 1);
      });
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      table.classList.add("sorted");
      body.append(...rows.map(([row]) => row));
    });
  });
});
