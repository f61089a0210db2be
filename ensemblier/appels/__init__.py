"""Ce qui est demandé : appels, jalons, dispositifs, règlement figé à la publication."""
