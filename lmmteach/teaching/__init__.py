"""For whoever teaches: marks that count, and the exercises in the forms that courses use."""
