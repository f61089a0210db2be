"""Ce qui est dû et payé : notification, convention, tranches, versements."""
