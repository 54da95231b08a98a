"""What the site has beside the pages in docs/: pages made from the code, notebooks, links that hold in both places."""
