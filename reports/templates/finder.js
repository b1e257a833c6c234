(() => {
  const finder = document.querySelector('.finder');
  const cards = [...document.querySelectorAll('.card')];
  const words = new Map(cards.map(card => [card, card.textContent.toLowerCase()]));
  const rows = [...document.querySelectorAll('tbody tr')]
    .map(row => [row, row.querySelector('th a[href^="#"]')])
    .filter(([, link]) => link)
    .map(([row, link]) => [row, document.getElementById(link.hash.slice(1))]);
  const parts = [...document.querySelectorAll('main > section')].filter(part => part.querySelector('.card'));
  const asked = finder.querySelector('input');
  const choices = [...finder.querySelectorAll('select')];
  const told = finder.querySelector('output');

  const fits = (card, terms) =>
    choices.every(choice => !choice.value || card.dataset[choice.name].split(' ').includes(choice.value)) &&
    terms.every(term => words.get(card).includes(term));

  const find = () => {
    const terms = asked.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) card.hidden = !fits(card, terms);
    for (const [row, card] of rows) row.hidden = card !== null && card.hidden;
    for (const part of parts) part.hidden = !part.querySelector('.card:not([hidden])');
    told.textContent = `${cards.filter(card => !card.hidden).length} / ${cards.length}`;
  };

  const show = () => {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!wanted || !wanted.closest('[hidden]')) return;
    finder.reset();
    find();
    wanted.scrollIntoView();
  };

  finder.hidden = false;
  finder.addEventListener('input', find);
  finder.addEventListener('submit', event => event.preventDefault());
  finder.addEventListener('reset', () => setTimeout(find));
  addEventListener('hashchange', show);
  find();
})();
