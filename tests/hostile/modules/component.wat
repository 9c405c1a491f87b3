;; Is a component.
;; refused: Component
;; records: none
(component)
